"""A Keras model in a file, on any file system."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .one_file import OneFileDataset

if TYPE_CHECKING:
    import keras


class KerasModelDataset(OneFileDataset["keras.Model"]):
    """A model in Keras' own format, loaded in safe mode: a file can run no code.

    That of kedro-datasets imports TensorFlow as soon as the catalog names it, also where a run is
    to be refused.
    """

    def load(self) -> "keras.Model":
        import keras  # takes seconds

        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / self._filepath.name
            self._fs.get_file(self._path, str(copy))  # `get` takes brackets for a pattern
            return keras.saving.load_model(copy, safe_mode=True)

    def save(self, data: "keras.Model") -> None:
        with tempfile.TemporaryDirectory() as folder:
            original = Path(folder) / self._filepath.name
            data.save(original)
            self._fs.put_file(str(original), self._path)
