"""Images that a trained model is applied to: found where they are, and read in parts."""

import glob
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from upath import UPath

from autoencoder_lab.failures import said_by
from autoencoder_lab.images.arrays import Images, ImageShape, Pixels, as_images
from autoencoder_lab.parameters import ReadingParams

from . import image_folder
from .blocks import Blocks
from .forms import find_source
from .found_arrays import prepare
from .listing import shown

ALLOWED = "a folder, a .zip or an .npz of images, or an image; of this machine or an object store"


@dataclass(frozen=True)
class NewImages:
    """Images in their order, which may be more than memory holds.

    Attributes:
        names: (n,): of each its file, as seen from the folder; in an array, its place.
        read: Yields them in parts, in order; each call starts afresh.
        left_out: Files that are not read, by why.
        changes: How many images were changed as they were read, and how: only then counted.
    """

    names: Sequence[str]
    read: Callable[[], Iterator[Images]]
    left_out: dict[str, object]
    changes: Counter[str]


def find_new_images(place: str, shape: ImageShape, params: ReadingParams) -> NewImages:
    """Return the images of a folder, an archive, or one file; whatever folders they are in.

    They are brought to the shape as those were that a model was trained on.

    Args:
        place: A path, or an address as s3://bucket/folder.
        params: How images are brought to a shape, and which files are read; what it says of shapes
            is not used.

    Raises:
        ValueError: There are none, of more than one form, or not as they may be; of images in
            files, what is in them is seen as they are read.
    """
    folder, only = _folder(place)
    height, width, channels = shape
    own = {"height": height, "width": width, "channels": channels}
    reading = params.model_copy(update=own | {"pattern": only or params.pattern})
    try:
        source = find_source(folder, reading)
        files = list(source.listing.stamps)
        if source.reader is image_folder.read:
            return _of_files(folder, files, shape, reading, source.listing.summary())
        found = prepare(source.reader(folder, files, reading), folder, reading, trains=False)
    except ValueError:
        raise
    except Exception as error:  # of the library of an object store
        if isinstance(folder, Path):
            raise
        raise ValueError(f"images cannot be read from {place}: {said_by(error)}") from error

    def read() -> Iterator[Images]:
        for blocks in found.images.values():
            yield from _as_images(blocks)

    names = [
        f"{split}/{number}" if len(found.images) > 1 else str(number)
        for split, blocks in found.images.items()
        for number in range(blocks.shape[0])
    ]
    return NewImages(names, read, source.listing.summary(), found.changes)


def _folder(place: str) -> tuple[UPath, str | None]:
    """Return the folder that images are in and, where it is one file, a pattern for it."""
    path = UPath(place)
    try:
        if path.is_dir():
            return path, None
        if path.is_file():
            if path.suffix.lower() == ".zip":
                return UPath(f"zip://::{path.absolute()}"), None
            return path.parent, glob.escape(path.name)
    except Exception as error:  # of the library of an object store, or of a damaged archive
        raise ValueError(f"images cannot be read from {place}: {said_by(error)}") from error
    raise ValueError(f"there is no {place}; allowed: {ALLOWED}")


def _of_files(
    folder: UPath,
    files: Sequence[str],
    shape: ImageShape,
    params: ReadingParams,
    left_out: dict[str, object],
) -> NewImages:
    names = [shown(file) for file in files]
    changes: Counter[str] = Counter()
    blocks = image_folder.decoded(folder, files, shape, params, changes)
    return NewImages(names, lambda: _as_images(blocks), left_out, changes)


def _as_images(blocks: Blocks) -> Iterator[Images]:
    return (as_images(cast(Pixels, block)) for block in blocks.read())
