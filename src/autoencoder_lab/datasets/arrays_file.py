"""Arrays by their names, in a file, on any file system."""

import io
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import fsspec
import numpy as np
import numpy.typing as npt
from kedro.io import AbstractVersionedDataset
from kedro.io.core import get_filepath_str, get_protocol_and_path

Arrays = Mapping[str, npt.NDArray[Any]]


class ArraysDataset(AbstractVersionedDataset[Arrays, Arrays]):
    """Arrays as NumPy's `.npz`, without pickled objects: a file can run no code."""

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Name the file, which ends with `.npz`."""
        self._protocol, path = get_protocol_and_path(filepath)
        options = {"auto_mkdir": True} if self._protocol == "file" else {}
        self._fs = fsspec.filesystem(self._protocol, **options)
        self.metadata = metadata
        super().__init__(PurePosixPath(path), version=None)

    def load(self) -> Arrays:
        with np.load(io.BytesIO(self._fs.cat_file(self._path)), allow_pickle=False) as file:
            return dict(file)

    def save(self, data: Arrays) -> None:
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, **data)
        self._fs.pipe_file(self._path, content.getvalue())

    def _exists(self) -> bool:
        return bool(self._fs.exists(self._path))

    @property
    def _path(self) -> str:
        return get_filepath_str(self._filepath, self._protocol)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "protocol": self._protocol}
