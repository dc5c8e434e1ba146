"""A Keras model in a file, on any file system."""

import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import fsspec
from kedro.io import AbstractVersionedDataset
from kedro.io.core import get_filepath_str, get_protocol_and_path

if TYPE_CHECKING:
    import keras


class KerasModelDataset(AbstractVersionedDataset["keras.Model", "keras.Model"]):
    """A model in Keras' own format, loaded in safe mode: a file can run no code.

    That of kedro-datasets imports TensorFlow as soon as the catalog names it, also where a run is
    to be refused.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Name the file, which ends with `.keras`."""
        self._protocol, path = get_protocol_and_path(filepath)
        options = {"auto_mkdir": True} if self._protocol == "file" else {}
        self._fs = fsspec.filesystem(self._protocol, **options)
        self.metadata = metadata
        super().__init__(PurePosixPath(path), version=None)

    def load(self) -> "keras.Model":
        import keras  # takes seconds

        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / self._filepath.name
            self._fs.get(self._path, str(copy))
            return keras.saving.load_model(copy, safe_mode=True)

    def save(self, data: "keras.Model") -> None:
        with tempfile.TemporaryDirectory() as folder:
            original = Path(folder) / self._filepath.name
            data.save(original)
            self._fs.put(str(original), self._path)

    def _exists(self) -> bool:
        return bool(self._fs.exists(self._path))

    @property
    def _path(self) -> str:
        return get_filepath_str(self._filepath, self._protocol)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "protocol": self._protocol}
