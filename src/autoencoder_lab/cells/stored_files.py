"""Where catalog entries keep their files, on whatever file system that is."""

import glob
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import fsspec
from fsspec import AbstractFileSystem
from fsspec.implementations.cached import SimpleCacheFileSystem
from kedro.io import AbstractDataset, AbstractVersionedDataset
from kedro.io.core import get_filepath_str
from upath import UPath


@dataclass(frozen=True)
class StoredFile:
    """A file on a local disk or an object store."""

    disk: AbstractFileSystem
    path: str

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def is_local(self) -> bool:
        return "file" in self.disk.protocol

    @property
    def address(self) -> str:
        """The path as a person would write it: on an object store, with the protocol."""
        return self.path if self.is_local else str(self.disk.unstrip_protocol(self.path))

    def beside(self, name: str) -> "StoredFile":
        """Return the file of another name in the same folder."""
        return StoredFile(self.disk, f"{self.folder}/{name}")

    def exists(self) -> bool:
        self.disk.invalidate_cache(self.folder)  # object stores list folders once
        return bool(self.disk.exists(self.path))

    def read(self) -> bytes:
        content: bytes = self.disk.cat_file(self.path)
        return content

    def write(self, content: bytes) -> None:
        self.disk.makedirs(self.folder, exist_ok=True)
        with self.disk.open(self.path, "wb") as file:
            file.write(content)

    def open_for_lines(self) -> BinaryIO:
        """Open for a process to write to; on an object store, it is there once it is closed."""
        self.disk.makedirs(self.folder, exist_ok=True)
        if self.is_local:
            return Path(self.path).open("wb")
        lines: BinaryIO = SimpleCacheFileSystem(fs=self.disk).open(self.path, "wb")
        return lines

    def remove(self) -> None:
        self.disk.rm_file(self.path)

    def sha256(self) -> str:
        return hashlib.sha256(self.read()).hexdigest()


def local_file(path: Path) -> StoredFile:
    """Return a file on a local disk."""
    return StoredFile(fsspec.filesystem("file"), str(path))


def data_folder(root: str, *, project: Path) -> UPath:
    """Return the folder that `data_root` names: by an address, or within the project."""
    return UPath(root if "://" in root else project / root)


def find_files(root: str, pattern: str, *, project: Path) -> list[StoredFile]:
    """Return the files under an address, or a folder of the project, that match a pattern."""
    folder = data_folder(root, project=project)
    disk = folder.fs
    disk.invalidate_cache()
    paths = disk.glob(f"{glob.escape(folder.path)}/{pattern}")
    return [StoredFile(disk, path) for path in sorted(paths)]


def is_shared(dataset: AbstractDataset[Any, Any] | None) -> bool:
    """Whether a catalog entry is made once for all variants and sessions: `metadata.shared`."""
    return bool(metadata_of(dataset).get("shared"))


def metadata_of(dataset: AbstractDataset[Any, Any] | None) -> dict[str, Any]:
    """Return what a catalog entry says of itself beside what Kedro reads."""
    return getattr(dataset, "metadata", None) or {}


def stored_file(dataset: AbstractDataset[Any, Any] | None) -> StoredFile | None:
    """Return where a catalog entry keeps its file, or none where it keeps none."""
    if not isinstance(dataset, AbstractVersionedDataset):
        return None
    disk, protocol = dataset._fs, dataset._protocol  # type: ignore[attr-defined]
    return StoredFile(disk, get_filepath_str(dataset._filepath, protocol))
