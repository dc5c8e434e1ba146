"""Images that a trained model is applied to: found where they are, and read in parts."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from upath import UPath

from autoencoder_lab.failures import said_by
from autoencoder_lab.images.arrays import Images, ImageShape, Pixels, as_images
from autoencoder_lab.parameters import ReadingParams

from . import image_folder
from .blocks import Blocks
from .forms import Source, find_source, source_of_file
from .found_arrays import prepare
from .listing import shown
from .messages import shortened

ALLOWED = "a folder, .zip, .npz or IDX file of images, or an image; here or on an object store"


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
        params: How images are brought to a shape, and which files of a folder are read; what it
            says of shapes is not used.

    Raises:
        ValueError: There are none, of more than one form, or not as they may be; of images in
            files, what is in them is seen as they are read.
    """
    height, width, channels = shape
    own = {"height": height, "width": width, "channels": channels}
    reading = params.model_copy(update=own)
    try:
        folder, source = _find_source(place, reading)
        source.listing.warn(folder)
        files, left_out = list(source.listing.stamps), source.listing.summary()
        if source.reader is image_folder.read:
            return _of_files(folder, files, shape, reading, left_out)
        arrays = replace(source.reader(folder, files, reading), labels={})  # nobody asks for them
        found = prepare(arrays, folder, reading, trains=False)
    except ValueError:
        raise
    except Exception as error:  # of an object store's library, or of a damaged archive
        raise ValueError(f"images cannot be read from {place}: {said_by(error)}") from error

    def read() -> Iterator[Images]:
        for blocks in found.images.values():
            yield from _as_images(blocks)

    names = [
        f"{split}/{number}" if len(found.images) > 1 else str(number)
        for split, blocks in found.images.items()
        for number in range(blocks.shape[0])
    ]
    return NewImages(names, read, left_out, found.changes)


def _find_source(place: str, params: ReadingParams) -> tuple[UPath, Source]:
    """Return the folder that images are in, and which of its files are meant."""
    path = UPath(place)
    if path.is_dir():
        return path, find_source(path, params)
    if not path.is_file():
        raise ValueError(f"there is no {place}; allowed: {ALLOWED}")
    if path.suffix.lower() != ".zip":
        return path.parent, source_of_file(path)
    archive = UPath(f"zip://::{path.absolute()}")
    return archive, find_source(archive, params)


def _of_files(
    folder: UPath,
    files: Sequence[str],
    shape: ImageShape,
    params: ReadingParams,
    left_out: dict[str, object],
) -> NewImages:
    names = [shown(file) for file in files]
    if same := [name for name, n_files in Counter(names).items() if n_files > 1]:
        raise ValueError(
            f"{folder} has files whose names are the same once they are written in Unicode: "
            f"{shortened(same)}; allowed: names that differ. Rename them"
        )
    changes: Counter[str] = Counter()
    blocks = image_folder.decoded(folder, files, shape, params, changes)
    return NewImages(names, lambda: _as_images(blocks), left_out, changes)


def _as_images(blocks: Blocks) -> Iterator[Images]:
    return (as_images(cast(Pixels, block)) for block in blocks.read())
