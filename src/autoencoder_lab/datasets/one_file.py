"""What datasets of one file have in common, on any file system."""

from pathlib import PurePosixPath
from typing import Any, TypeVar

import fsspec
from kedro.io import AbstractVersionedDataset
from kedro.io.core import get_filepath_str, get_protocol_and_path

Content = TypeVar("Content")


class OneFileDataset(AbstractVersionedDataset[Content, Content]):
    """A file, which those that inherit load and save."""

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Name the file."""
        self._protocol, path = get_protocol_and_path(filepath)
        options = {"auto_mkdir": True} if self._protocol == "file" else {}
        self._fs = fsspec.filesystem(self._protocol, **options)
        self.metadata = metadata
        super().__init__(PurePosixPath(path), version=None)

    def _exists(self) -> bool:
        return bool(self._fs.exists(self._path))

    @property
    def _path(self) -> str:
        return get_filepath_str(self._filepath, self._protocol)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "protocol": self._protocol}
