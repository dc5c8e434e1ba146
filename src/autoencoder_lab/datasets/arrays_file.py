"""Arrays by their names, in a file, on any file system."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .one_file import OneFileDataset

Arrays = Mapping[str, npt.NDArray[Any]]


class ArraysDataset(OneFileDataset[Arrays]):
    """Arrays as NumPy's `.npz`, without pickled objects: a file can run no code."""

    def load(self) -> Arrays:
        with np.load(io.BytesIO(self._fs.cat_file(self._path)), allow_pickle=False) as file:
            return dict(file)

    def save(self, data: Arrays) -> None:
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, **data)
        self._fs.pipe_file(self._path, content.getvalue())
