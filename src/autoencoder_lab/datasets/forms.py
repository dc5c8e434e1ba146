"""In which form a folder's images are stored, and what reads them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from upath import UPath

from autoencoder_lab.parameters import ReadingParams

from . import idx, image_folder, npz, pictures
from .found_arrays import Found
from .listing import NOT_READ, Listing, how_to_convert, list_files, shown
from .messages import shortened

ALLOWED = "IDX files, one .npz, or images"

Reader = Callable[[UPath, Sequence[str], ReadingParams], Found]


@dataclass(frozen=True)
class Source:
    """What a data set is read from: the files of one form, and what reads them."""

    reader: Reader
    listing: Listing


def find_source(folder: UPath, params: ReadingParams) -> Source:
    """Return the folder's files of the one form in which its images are stored."""
    listing = list_files(folder, params.pattern)
    readers = {file: _reader_of(file) for file in listing.stamps}
    forms: dict[Reader, list[str]] = {}
    for file, reader in readers.items():
        if reader:
            forms.setdefault(reader, []).append(file)
    if len(forms) != 1:
        listings = [shortened(map(shown, names)) for names in forms.values()]
        listings = listings or [shortened(map(shown, listing.stamps)) or "no files"]
        raise ValueError(
            f"{folder} holds {' and '.join(listings)}; allowed: {ALLOWED}, and one kind only. "
            f"{image_folder.LEAVES_OUT}{how_to_convert(readers)}"
        )
    ((reader, files),) = forms.items()
    return Source(reader, listing.restricted(files, reason=NOT_READ))


def source_of_file(file: UPath) -> Source:
    """Return one file alone, whatever is beside it.

    Raises:
        ValueError: It is not named like one of the forms.
    """
    reader = _reader_of(file.name)
    if reader is None:
        raise ValueError(f"{file} is not named like {ALLOWED}{how_to_convert([file.name])}")
    return Source(reader, Listing({file.name: (file.stat().st_size, "")}))


def _reader_of(file: str) -> Reader | None:
    """Return what reads a file, by its place in the folder and its name."""
    if idx.FILE_NAMES.fullmatch(file):
        return idx.read
    if "/" not in file and file.lower().endswith(".npz"):
        return npz.read
    return image_folder.read if pictures.is_named_like_one(file) else None
