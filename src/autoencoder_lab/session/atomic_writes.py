"""Atomic writes: a file is whole or absent, however a run is interrupted."""

import io
import os
import shutil
import sys
import uuid
from contextlib import suppress
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem
from kedro.framework.hooks import hook_impl


class AtomicWrites:
    """Lets every dataset of the session that writes to the local disk do so atomically."""

    @hook_impl
    def after_context_created(self) -> None:
        fsspec.register_implementation("file", AtomicLocalFileSystem, clobber=True)


class AtomicLocalFileSystem(LocalFileSystem):  # type: ignore[misc]
    """The local disk, on which a file takes its name only once it is whole."""

    def _open(self, path: str, mode: str = "rb", **options: object) -> io.IOBase:
        if mode != "wb":
            return super()._open(path, mode, **options)  # type: ignore[no-any-return]
        self.makedirs(self._parent(path), exist_ok=True)
        return _WholeFile(Path(path))

    def put_file(self, path1: str, path2: str, **options: object) -> None:
        with open(path1, "rb") as source, self.open(path2, "wb") as target:
            shutil.copyfileobj(source, target)


class _WholeFile(io.BufferedWriter):
    """A file that is written beside its final place, and moved there once it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
        self._exception_before = sys.exception()
        self._is_dropped = False
        super().__init__(io.FileIO(self._partial, "wb"))

    def close(self) -> None:
        if self.closed:
            return
        try:
            super().close()  # writes what is left, for which the disk may be too full
        except BaseException:
            self._partial.unlink()
            raise
        # Closed on the way out of an exception, Ctrl-C included, or never: what is there is a part.
        if sys.exception() is self._exception_before and not self._is_dropped:
            os.replace(self._partial, self._path)
        else:
            self._partial.unlink()

    def __del__(self) -> None:
        self._is_dropped = True  # Python closes what nobody has closed
        with suppress(ValueError):  # it could not even be opened
            self.close()
