"""A data set's folder as a Kedro dataset: found, fetched where needed, checked and read."""

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from kedro.io import AbstractDataset, DatasetError

from autoencoder_lab.arrays import RawImages

from . import checksums, digits, idx, image_folder, npz
from .found_images import FoundImages, to_raw_images
from .messages import shortened

logger = logging.getLogger(__name__)

DIGITS = "digits"
DEPTHS = ("*", "*/*", "*/*/*", "*/*/*/*")  # not **, which passes over linked folders
READERS: dict[re.Pattern[str], Callable[[Path, list[Path]], FoundImages]] = {
    idx.FILE_NAMES: idx.read,
    npz.FILE_NAMES: npz.read,
    image_folder.FILE_NAMES: image_folder.read,
}
ALLOWED = "IDX files, one .npz, or images"


class RawImagesDataset(AbstractDataset[NoReturn, RawImages]):
    """The images of the data set that a folder is named after; read only.

    `digits` is scikit-learn's and needs no folder.
    """

    def __init__(
        self,
        *,
        filepath: str,
        downloads: dict[str, str] | None = None,
        metadata: dict[str, object] | None = None,
    ) -> None:
        """Name the folder, and where missing files come from.

        Args:
            filepath: The folder; its last part is the data set's name.
            downloads: An address for each data set whose files, listed in its SHA256SUMS, are
                fetched where they are missing.
            metadata: Anything; Kedro and its plugins keep it for the user.
        """
        self._folder = Path(filepath)
        self._downloads = downloads or {}
        self.metadata = metadata

    def load(self) -> RawImages:
        """Return the images, or raise a `ValueError` that says what to do.

        Kedro makes that error the cause of a `DatasetError`.
        """
        folder = _as_seen_from_here(self._folder)
        name = self._folder.name
        if name == DIGITS:
            if folder.is_dir() and any(_files(folder)):
                raise ValueError(
                    f"dataset is '{DIGITS}', which is scikit-learn's, but {folder} holds files; "
                    "allowed: another name for that folder"
                )
            return digits.load()
        if not folder.is_dir():
            allowed = ", ".join(_known(folder.parent, self._downloads))
            raise ValueError(
                f"dataset is '{name}'; allowed: {allowed} (or add a folder {folder} with {ALLOWED})"
            )
        address = self._downloads.get(name)
        if address:
            checksums.fetch_missing(folder, address)
        checksums.verify(folder, can_fetch=bool(address))
        return to_raw_images(_read(folder), folder)

    def save(self, data: NoReturn) -> None:
        """Refuse: raw data is what everything else is made from."""
        raise DatasetError("Raw images are read only")

    def _describe(self) -> dict[str, object]:
        return {"filepath": self._folder, "downloads": self._downloads}

    def _exists(self) -> bool:
        return self._folder.name == DIGITS or self._folder.is_dir()


def _as_seen_from_here(folder: Path) -> Path:
    """Return the folder as messages should name it: short, and right for `git checkout`."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _known(parent: Path, downloads: dict[str, str]) -> list[str]:
    names = [
        folder.name
        for folder in parent.glob("*")
        if folder.is_dir() and (folder.name in downloads or any(_files(folder)))
    ]
    return sorted({DIGITS, *names})


def _read(folder: Path) -> FoundImages:
    """Return what the folder's images are, in the one way they are stored."""
    files = sorted(_files(folder))
    found = {
        reader: matching
        for file_names, reader in READERS.items()
        if (matching := [file for file in files if file_names.fullmatch(_name(file, folder))])
    }
    if len(found) != 1:
        listings = [_listing(some, folder) for some in list(found.values()) or [files]]
        raise ValueError(
            f"{folder} holds {' and '.join(listings) or 'no files'}; allowed: {ALLOWED}, "
            "and one kind only"
        )
    ((reader, matching),) = found.items()
    if unread := sorted(set(files) - set(matching)):
        logger.warning("%s: these files are not read: %s", folder, _listing(unread, folder))
    return reader(folder, matching)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files that may be data."""
    for depth in DEPTHS:
        for path in folder.glob(depth):
            parts = path.relative_to(folder).parts
            if not any(_is_beside_the_data(part) for part in parts) and path.is_file():
                yield path


def _is_beside_the_data(name: str) -> bool:
    return name.upper().startswith((".", "README", "__MACOSX")) or name == checksums.FILE_NAME


def _name(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix()


def _listing(files: list[Path], folder: Path) -> str:
    return shortened(_name(file, folder) for file in files)
