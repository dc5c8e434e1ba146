"""A data set's folder as a Kedro dataset: found, fetched where needed, checked and read."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError
from upath import UPath

from autoencoder_lab.arrays import RawImages
from autoencoder_lab.parameters import ReadingParams

from . import checksums, digits, idx, image_folder, npz, pictures, stored_arrays
from .found_arrays import Found, prepare
from .listing import Listing, list_files, shown
from .messages import shortened

logger = logging.getLogger(__name__)

DIGITS = "digits"
ALLOWED = "IDX files, one .npz, or images"
NOT_READ = "not in a form that is read"

Reader = Callable[[UPath, Sequence[str], ReadingParams], Found]


class RawImagesDataset(AbstractDataset[NoReturn, RawImages]):
    """The images of the data set that a folder is named after; read only.

    They are decoded once, to arrays on disk, from where they are mapped into memory. `digits` is
    scikit-learn's and needs no folder.
    """

    def __init__(
        self,
        *,
        filepath: str,
        path: str,
        reading: Mapping[str, Any],
        downloads: dict[str, str] | None = None,
    ) -> None:
        """Name the folder, and where missing files come from.

        Args:
            filepath: The folder, of this machine or an object store; its last part is the data
                set's name.
            path: A folder on this machine, for the arrays of all data sets.
            reading: The `ingest` parameters, of which some say which files are read, and how.
            downloads: An address for each data set whose files, listed in its SHA256SUMS, are
                fetched where they are missing.
        """
        self._folder = UPath(filepath)
        self._arrays = Path(path)
        self._reading = dict(reading)
        self._downloads = downloads or {}

    def load(self) -> RawImages:
        """Return the images, or raise a `ValueError` that says what to do.

        Kedro makes that error the cause of a `DatasetError`.
        """
        try:
            return self._get(self._folder)
        except ValueError:
            raise
        except Exception as error:  # of the library of the object store
            if isinstance(self._folder, Path):
                raise
            raise ValueError(
                f"raw images cannot be read from {self._folder}: {error or type(error).__name__}. "
                "The place is data_root in globals.yml; its credentials are those of the "
                "environment, as AWS_ACCESS_KEY_ID"
            ) from error

    def _get(self, folder: UPath) -> RawImages:
        if folder.name == DIGITS:
            if folder.is_dir() and list_files(folder, None).stamps:
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
        params = ReadingParams.model_validate(
            {name: self._reading[name] for name in ReadingParams.model_fields}
        )
        listing = list_files(folder, params.pattern)
        stamps = listing.stamps | checksums.stamps(folder)
        arrays = self._arrays / folder.name / stored_arrays.key(stamps, params)
        with stored_arrays.made_in_one_piece(arrays) as partial:
            if partial is not None:
                checksums.verify(folder, can_fetch=bool(address))
                _make_arrays(folder, listing, params, partial)
        return stored_arrays.load(arrays)

    def save(self, data: NoReturn) -> None:
        """Refuse: raw data is what everything else is made from."""
        raise DatasetError("Raw images are read only")

    def _describe(self) -> dict[str, object]:
        return {"filepath": self._folder, "downloads": self._downloads}

    def _known(self) -> list[str]:
        names = {
            folder.name
            for folder in self._folder.parent.glob("*")
            if folder.name in self._downloads
            or (folder.is_dir() and list_files(folder, None).stamps)
        }
        return sorted({DIGITS} | names)


def _make_arrays(folder: UPath, listing: Listing, params: ReadingParams, partial: Path) -> None:
    found = prepare(_read(folder, listing, params), folder, params)
    stored_arrays.write(found, partial, left_out=listing.summary())
    now = list_files(folder, params.pattern).stamps
    if changed := sorted(file for file, _ in listing.stamps.items() ^ now.items()):
        names = shortened(map(shown, dict.fromkeys(changed)))
        raise ValueError(f"{folder} has changed while it was read: {names}. Run again")


def _read(folder: UPath, listing: Listing, params: ReadingParams) -> Found:
    """Return what the folder's images are, in the one way they are stored."""
    files = list(listing.stamps)
    found: dict[Reader, list[str]] = {}
    for file in files:
        if reader := _reader_of(file):
            found.setdefault(reader, []).append(file)
    if len(found) != 1:
        listings = [shortened(map(shown, some)) for some in found.values()]
        listings = listings or [shortened(map(shown, files)) or "no files"]
        raise ValueError(
            f"{folder} holds {' and '.join(listings)}; allowed: {ALLOWED}, and one kind only. "
            f"{image_folder.LEAVES_OUT}"
        )
    ((reader, matching),) = found.items()
    if unread := [shown(file) for file in sorted(set(files) - set(matching))]:
        logger.warning("%s: these files are not read: %s", folder, shortened(unread))
        listing.leave_out(NOT_READ, unread)
    return reader(folder, matching, params)


def _reader_of(file: str) -> Reader | None:
    """Return what reads a file, by its place in the folder and its name."""
    if idx.FILE_NAMES.fullmatch(file):
        return idx.read
    if "/" not in file and file.endswith(".npz"):
        return npz.read
    return image_folder.read if pictures.is_named_like_one(file) else None
