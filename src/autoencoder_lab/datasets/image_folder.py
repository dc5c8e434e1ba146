"""A folder of images, in folders named after their labels where there are labels."""

import logging
import math
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import TypeVar

import numpy as np
from rich import get_console
from rich.progress import track
from upath import UPath

from autoencoder_lab.cells.environment import usable_cores
from autoencoder_lab.failures import said_by
from autoencoder_lab.images.arrays import ImageShape
from autoencoder_lab.parameters import ReadingParams

from . import pictures
from .blocks import BYTES_AT_ONCE, Blocks, FoundArray, block_sizes
from .folder_names import SPLITS, are_parts, split_named
from .found_arrays import Found, unknown_classes
from .listing import shown
from .messages import shortened

logger = logging.getLogger(__name__)

OF_A_CLASS = "A class that is called so needs a name that says it, as 'test (class)'"

LEAVES_OUT = "ingest.pattern leaves files out: --params 'ingest.pattern=\"!masks/**\"'"

MOST_THREADS = 4  # each holds an image of whatever size
MOST_AT_ONCE = 256

T = TypeVar("T")


def read(folder: UPath, files: Sequence[str], params: ReadingParams) -> Found:
    """Return the images in the order of their files; labels count their sorted names from 0.

    Images are uint8, (n, height, width, channels): of the parameters' shape or, where they name
    none, of that which all have; grey, or all RGB once one is in colour.
    """
    labelled = _split(folder, files, params.label_level)
    labels, class_names = _number_labels(folder, labelled)
    shape = _shape(folder, files, params)
    changes: Counter[str] = Counter()
    images = {
        split: decoded(
            folder,
            list(of_split),
            shape,
            params,
            changes,
            of_all_splits=files,
            doing=f"Reading images of {folder.name}",
        )
        for split, of_split in labelled.items()
    }
    names = {split: list(map(shown, of_split)) for split, of_split in labelled.items()}
    return Found(images, labels, class_names, changes, names, is_scaled=True)


LabelNames = dict[str, tuple[str, ...]]
"""The label of each file: no name, or one."""


def _split(folder: UPath, files: Sequence[str], label_level: int) -> dict[str, LabelNames]:
    splits: dict[str, LabelNames] = {}
    split_folders = set()
    for file in files:
        parents = file.split("/")[:-1]
        split = SPLITS.get(parents[0].lower(), "") if parents else ""
        if split:
            split_folders.add(parents[0])
            parents = parents[1:]
        label = parents[label_level - 1 : label_level] if label_level else []
        splits.setdefault(split, {})[file] = tuple(map(shown, label))
    if misplaced := sorted({name for file in files for name in _misplaced(file)}):
        raise ValueError(
            f"{folder} has images in {shortened(misplaced)}, whose names mean splits; "
            f"allowed: train/, and optionally validation/ and test/, directly in {folder}: move or "
            f"rename them. {OF_A_CLASS}. {LEAVES_OUT}"
        )
    names = {name for labels in splits.values() for label in labels.values() for name in label}
    if are_parts(names):
        raise ValueError(
            f"{folder} has images in {shortened(sorted(names))}, which are no classes; allowed: "
            f"the images alone. {LEAVES_OUT}"
        )
    has_one_folder_each = len(split_folders) == len(splits.keys() - {""})
    is_split = "train" in splits and "" not in splits and has_one_folder_each
    depths = [{len(label) for label in labels.values()} for labels in splits.values()]
    if (is_split or set(splits) == {""}) and all(depth in ({0}, {1}) for depth in depths):
        return {split or "train": labels for split, labels in splits.items()}
    places = sorted({shown(file).rpartition("/")[0] or "." for file in files})
    taken = " and ".join(f"{name}/" for name in sorted(map(shown, split_folders)))
    for_splits = f" {taken} taken for splits. {OF_A_CLASS}." if taken else ""
    raise ValueError(
        f"{folder} has images in {shortened(places, limit=10)}; allowed: all in one folder, or all "
        f"in folders named after their labels, at ingest.label_level, which is {label_level}; "
        "either directly, or in train/ and optionally validation/ and test/."
        f"{for_splits} {LEAVES_OUT}"
    )


def _misplaced(file: str) -> Iterator[str]:
    """Yield the folders above a file that mean a split, but for one directly in the data set's."""
    folders = file.split("/")[:-1]
    for depth, name in enumerate(folders):
        is_in_place = depth == 0 and name.lower() in SPLITS
        if split_named(name) and not is_in_place:
            yield shown("/".join(folders[: depth + 1]))


def _number_labels(
    folder: UPath, splits: Mapping[str, LabelNames]
) -> tuple[dict[str, FoundArray], list[str]]:
    """Return the labels of each split that has some, and the names of all classes."""
    names = {
        split: [name for label in labels.values() for name in label]
        for split, labels in splits.items()
    }
    of_training = set(names["train"])
    all_names = sorted(set().union(*names.values()))
    if unknown := unknown_classes(of_training, set(all_names)):
        raise ValueError(
            f"{folder}: train/ has no images of the labels {shortened(sorted(unknown))}, which "
            "other splits have; allowed: labels that train/ has, or train/ of one label"
        )
    cases = Counter(name.casefold() for name in all_names)
    if same := [name for name in all_names if cases[name.casefold()] > 1]:
        logger.warning("%s: these labels differ only in case: %s", folder, shortened(same))
    numbers = {name: number for number, name in enumerate(all_names)}
    labels: dict[str, FoundArray] = {
        split: np.array([numbers[name] for name in of_split])
        for split, of_split in names.items()
        if of_split
    }
    return labels, all_names


def _shape(folder: UPath, files: Sequence[str], params: ReadingParams) -> ImageShape:
    """Return the shape that images are brought to, or raise all files that keep from it."""
    height, width, channels = params.height, params.width, params.channels
    if height and width and channels:
        return height, width, channels
    by_file: dict[str, pictures.Picture] = {}
    problems: dict[str, Exception] = {}
    for file, picture in _each(pictures.look, folder, files, "Looking at images"):
        if isinstance(picture, Exception):
            problems[file] = picture
        else:
            by_file[file] = picture
    if problems:
        raise _unreadable(folder, files, problems)
    if not (height and width):
        _require_one_size(folder, {file: picture.size for file, picture in by_file.items()})
        [(width, height)] = {picture.size for picture in by_file.values()}
    is_grey = all(picture.is_grey for picture in by_file.values())
    return height, width, channels or (1 if is_grey else 3)


def _require_one_size(folder: UPath, sizes: Mapping[str, tuple[int, int]]) -> None:
    counts = Counter(sizes.values())
    (usual, _), *others = counts.most_common()
    if not others:
        return
    listing = [f"{n} of {width}x{height}" for (width, height), n in counts.most_common()]
    unusual = [shown(file) for file, size in sizes.items() if size != usual]
    raise ValueError(
        f"{folder} has images of {len(counts)} sizes (width x height): {shortened(listing)}; "
        f"not of the first: {shortened(unusual)}; allowed: one size. Set "
        "ingest.height and ingest.width, to which all are brought, by ingest.fit (pad, crop or "
        f"stretch). {LEAVES_OUT}"
    )


def decoded(
    folder: UPath,
    files: Sequence[str],
    shape: ImageShape,
    params: ReadingParams,
    changes: Counter[str],
    *,
    of_all_splits: Sequence[str] | None = None,
    doing: str = "",
) -> Blocks:
    """Return images of a shape, uint8, which are decoded as they are read.

    Args:
        files: Of the images, as seen from the folder.
        changes: Takes how many images are changed as they are read, and how.
        of_all_splits: Files among which unreadable ones are looked for once one is found.
        doing: What a progress bar says; empty for none.
    """
    whole_shape, dtype = (len(files), *shape), np.dtype(np.uint8)
    decode = partial(pictures.read, shape=shape, params=params)

    def parts() -> Generator[FoundArray]:
        n_at_once = min(max(BYTES_AT_ONCE // math.prod(shape), MOST_THREADS), MOST_AT_ONCE)
        each = _each(decode, folder, files, doing, n_at_once)
        for n in block_sizes(whole_shape, dtype):
            block = np.empty((n, *shape), dtype)
            for number, (file, result) in enumerate(islice(each, n)):
                if isinstance(result, Exception):
                    each.close()  # or its bar and its threads would live as long as the error
                    raise _unreadable(folder, of_all_splits or files, {file: result})
                block[number], changes_of_one = result
                changes.update(changes_of_one)
            yield block

    return Blocks(whole_shape, dtype, parts)


def _each(
    function: Callable[[UPath], T],
    folder: UPath,
    files: Sequence[str],
    doing: str,
    n_at_once: int = MOST_AT_ONCE,
) -> Generator[tuple[str, T | Exception]]:
    """Yield what a function returns of each file, or raises; with a bar on a terminal.

    Args:
        doing: What the bar says; empty for none.
    """

    def attempt(file: str) -> T | Exception:
        try:
            return function(folder / file)
        except Exception as error:  # Pillow raises many kinds, from SyntaxError to its own
            return error

    if doing:
        logger.info("%s: %d files", doing, len(files))
    n_threads = min(usable_cores(), MOST_THREADS)
    with pictures.bombs_are_errors(), ThreadPoolExecutor(n_threads) as pool:
        batches = (files[at : at + n_at_once] for at in range(0, len(files), n_at_once))
        results = (result for batch in batches for result in pool.map(attempt, batch))
        console = get_console()
        yield from track(
            zip(files, results, strict=True),
            doing,
            total=len(files),
            console=console,
            transient=True,
            disable=not (doing and console.is_terminal),
        )


def _unreadable(
    folder: UPath, files: Sequence[str], problems: Mapping[str, Exception]
) -> ValueError:
    """Return an error that names all files that cannot be read, once some are found."""
    others = [file for file in files if file not in problems]
    loaded = _each(pictures.load, folder, others, "Looking for other unreadable files")
    more = {file: result for file, result in loaded if isinstance(result, Exception)}
    listing = [
        f"{folder / shown(file)} cannot be read as an image: {said_by(error)}"
        for file, error in sorted({**problems, **more}.items())
    ]
    return ValueError(f"{shortened(listing, limit=20, separator=chr(10))}. {LEAVES_OUT}")
