"""A data set's folder as a Kedro dataset: found, fetched where needed, checked and read."""

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from kedro.io import AbstractDataset, DatasetError

from autoencoder_lab.arrays import RawImages

from . import checksums, digits, idx, image_folder, npz
from .found_arrays import FoundArray, to_raw_images
from .messages import shortened

logger = logging.getLogger(__name__)

DIGITS = "digits"
DEPTHS = ("*", "*/*", "*/*/*", "*/*/*/*")  # not **, which passes over linked folders
READERS: dict[re.Pattern[str], Callable[[Path, list[Path]], dict[str, FoundArray]]] = {
    idx.FILE_NAMES: idx.read,
    npz.FILE_NAMES: npz.read,
    image_folder.FILE_NAMES: image_folder.read,
}
ALLOWED = "IDX files, one .npz, or images"


class RawImagesDataset(AbstractDataset[NoReturn, RawImages]):
    """The images of the data set that a folder is named after; read only.

    `digits` is scikit-learn's and needs no folder.
    """

    def __init__(self, *, filepath: str, downloads: dict[str, str] | None = None) -> None:
        """Name the folder, and where missing files come from.

        Args:
            filepath: The folder; its last part is the data set's name.
            downloads: An address for each data set whose files, listed in its SHA256SUMS, are
                fetched where they are missing.
        """
        self._folder = Path(filepath)
        self._downloads = downloads or {}

    def load(self) -> RawImages:
        """Return the images, or raise a `ValueError` that says what to do.

        Kedro makes that error the cause of a `DatasetError`.
        """
        folder = self._folder
        if folder.name == DIGITS:
            if any(_files(folder)):
                raise ValueError(
                    f"dataset is '{DIGITS}', which is scikit-learn's, but {folder} holds files; "
                    "allowed: another name for that folder"
                )
            return digits.load()
        if not folder.is_dir():
            raise ValueError(
                f"dataset is '{folder.name}'; allowed: {', '.join(self._known())} "
                f"(or add a folder {folder} with {ALLOWED})"
            )
        address = self._downloads.get(folder.name)
        if address:
            checksums.fetch_missing(folder, address)
        checksums.verify(folder, can_fetch=bool(address))
        return to_raw_images(_read(folder), folder)

    def save(self, data: NoReturn) -> None:
        """Refuse: raw data is what everything else is made from."""
        raise DatasetError("Raw images are read only")

    def _describe(self) -> dict[str, object]:
        return {"filepath": self._folder, "downloads": self._downloads}

    def _known(self) -> list[str]:
        names = {
            folder.name
            for folder in self._folder.parent.glob("*")
            if folder.name in self._downloads or any(_files(folder))
        }
        return sorted({DIGITS} | names)


def _read(folder: Path) -> dict[str, FoundArray]:
    """Return what the folder's images are, in the one way they are stored."""
    files = sorted(_files(folder))
    found = {
        reader: matching
        for file_names, reader in READERS.items()
        if (matching := [file for file in files if file_names.fullmatch(file.as_posix())])
    }
    if len(found) != 1:
        listings = [shortened(some) for some in found.values()] or [shortened(files) or "no files"]
        raise ValueError(
            f"{folder} holds {' and '.join(listings)}; allowed: {ALLOWED}, and one kind only"
        )
    ((reader, matching),) = found.items()
    if unread := sorted(set(files) - set(matching)):
        logger.warning("%s: these files are not read: %s", folder, shortened(unread))
    return reader(folder, [folder / file for file in matching])


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files that may be data, as seen from the folder."""
    for depth in DEPTHS:
        for path in folder.glob(depth):
            file = path.relative_to(folder)
            if not any(_is_beside_the_data(part) for part in file.parts) and path.is_file():
                yield file


def _is_beside_the_data(name: str) -> bool:
    return name.upper().startswith((".", "README", "__MACOSX")) or name == checksums.FILE_NAME
