"""A data set's folder as a Kedro dataset: found, fetched where needed, checked and read."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError
from upath import UPath

from autoencoder_lab.failures import said_by
from autoencoder_lab.images.arrays import RawImages
from autoencoder_lab.parameters import ReadingParams

from . import checksums, digits, stored_arrays
from .forms import ALLOWED, Source, find_source
from .found_arrays import prepare
from .listing import Stamp, list_files, shown
from .messages import shortened

DIGITS = "digits"


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
        self._arrays = Path(path)  # which Kedro places in the project for its name, `path`
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
            if isinstance(self._folder, Path) or _is_within(self._arrays, error):
                raise
            raise ValueError(
                f"raw images cannot be read from {self._folder}: {said_by(error)}. "
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
            return self._get_digits()
        if not folder.is_dir():
            raise ValueError(
                f"dataset is '{folder.name}'; allowed: {', '.join(self._known())} "
                f"(or add a folder {folder} with {ALLOWED})"
            )
        address = self._downloads.get(folder.name)
        if address:
            checksums.fetch_missing(folder, address)
        params = self._params
        try:
            source = find_source(folder, params)
        except ValueError:
            checksums.verify(folder, can_fetch=bool(address))  # what is missing says more
            raise
        arrays = self._arrays_of(source)
        with stored_arrays.made_in_one_piece(arrays) as partial:
            if partial is not None:
                checksums.verify(folder, can_fetch=bool(address))
                source.listing.warn(folder)
                _make_arrays(folder, source, params, partial)
        raw_images = stored_arrays.load(arrays)
        return replace(
            raw_images, reading={"left_out": source.listing.summary(), **raw_images.reading}
        )

    def arrays(self) -> Path:
        """Return the folder of the arrays to which the files that are there now are decoded.

        Raises:
            ValueError: The files are none, or not of one form.
        """
        return self._arrays_of(find_source(self._folder, self._params))

    def _arrays_of(self, source: Source) -> Path:
        stamps = source.listing.stamps | checksums.stamps(self._folder)
        return self._arrays / self._folder.name / stored_arrays.key(stamps, self._params)

    @property
    def _params(self) -> ReadingParams:
        names = ReadingParams.model_fields
        return ReadingParams.model_validate({name: self._reading[name] for name in names})

    def _get_digits(self) -> RawImages:
        raw_images = digits.load()
        _, height, width, channels = raw_images.train_images.shape
        its_own = {"pattern": None, "height": height, "width": width, "channels": channels}
        its_own |= {"brightest": None}
        for name, value in its_own.items():
            if self._reading[name] not in (None, value):
                raise ValueError(
                    f"ingest.{name} is {self._reading[name]!r}; allowed for {DIGITS}, which are "
                    "scikit-learn's: null"
                )
        return raw_images

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


def _make_arrays(folder: UPath, source: Source, params: ReadingParams, partial: Path) -> None:
    stamps = source.listing.stamps
    try:
        arrays = source.reader(folder, list(stamps), params)
        stored_arrays.write(prepare(arrays, folder, params), partial)
    except ValueError:
        _require_unchanged(folder, stamps, params)  # or a file that is gone is called damaged
        raise
    _require_unchanged(folder, stamps, params)


def _require_unchanged(folder: UPath, stamps: Mapping[str, Stamp], params: ReadingParams) -> None:
    now = find_source(folder, params).listing.stamps
    if changed := sorted(file for file, _ in stamps.items() ^ now.items()):
        names = shortened(map(shown, dict.fromkeys(changed)))
        raise ValueError(f"{folder} has changed while it was read: {names}. Run again")


def _is_within(folder: Path, error: Exception) -> bool:
    """Whether an error is of a file of this machine that is in a folder."""
    name = getattr(error, "filename", None)
    return isinstance(name, str | Path) and Path(name).is_relative_to(folder)
