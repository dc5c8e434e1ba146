"""A folder of images, in folders named after their labels where there are labels."""

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from .found_images import FoundImages
from .messages import shortened

FILE_NAMES = re.compile(r".+\.(png|jpe?g|bmp|gif|tiff?|webp)", re.IGNORECASE)
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")
SPLITS = ({""}, {"train"}, {"train", "test"})

Read = TypeVar("Read")
LabelNames = dict[Path, tuple[str, ...]]
"""The label of each file: no name, or one."""


class Header(NamedTuple):
    """What an image says of itself before its pixels are read."""

    size: tuple[int, int]
    is_colour: bool


def read(folder: Path, files: list[Path]) -> FoundImages:
    """Return the images in the order of their files; labels count their sorted names from 0.

    Images are uint8, all grey (n, height, width) or, once one is in colour, all
    (n, height, width, 3). Transparency is left out.
    """
    splits = _split(folder, files)
    labels = _number_labels(folder, splits)
    is_colour = _require_one_size(folder, files)
    images = {
        split: np.stack(_read_each(names, lambda image: _pixels(image, is_colour=is_colour)))
        for split, names in splits.items()
    }
    return FoundImages(images["train"], labels["train"], images.get("test"), labels.get("test"))


def _split(folder: Path, files: Iterable[Path]) -> dict[str, LabelNames]:
    splits: dict[str, LabelNames] = {}
    for file in files:
        parents = file.relative_to(folder).parent.parts
        has_split = parents[:1] in (("train",), ("test",))
        split, label = (parents[0], parents[1:]) if has_split else ("", parents)
        splits.setdefault(split, {})[file] = label
    depths = [{len(label) for label in labels.values()} for labels in splits.values()]
    if set(splits) in SPLITS and all(depth in ({0}, {1}) for depth in depths):
        return {split or "train": labels for split, labels in splits.items()}
    places = sorted({file.relative_to(folder).parent.as_posix() for file in files})
    raise ValueError(
        f"{folder} has images in {shortened(places, limit=10)}; allowed: all in one folder, or all "
        "in folders named after their labels; either directly, or in train/ and maybe test/"
    )


def _number_labels(
    folder: Path, splits: dict[str, LabelNames]
) -> dict[str, npt.NDArray[np.int64] | None]:
    """Return the labels of each split, `None` where there are none."""
    names = {
        split: [name for label in labels.values() for name in label]
        for split, labels in splits.items()
    }
    train_names, test_names = set(names["train"]), set(names.get("test", []))
    if train_names and test_names and train_names != test_names:
        raise ValueError(
            f"{folder}: train/ and test/ do not both have images of the labels "
            f"{shortened(sorted(train_names ^ test_names))}; allowed: the same labels in both"
        )
    return {
        split: np.unique(all_names, return_inverse=True)[1] if all_names else None
        for split, all_names in names.items()
    }


def _require_one_size(folder: Path, files: list[Path]) -> bool:
    """Return whether an image is in colour, or raise if the images differ in size."""
    headers = _read_each(files, _header)
    (usual, n_usual), *others = Counter(header.size for header in headers).most_common()
    if others:
        unusual = [
            f"{file.relative_to(folder)} is {_shown(header.size)}"
            for file, header in zip(files, headers, strict=True)
            if header.size != usual
        ]
        raise ValueError(
            f"{folder}: {shortened(unusual)}; allowed: one size, and {n_usual} of {len(files)} "
            f"images are {_shown(usual)} (width x height)"
        )
    return any(header.is_colour for header in headers)


def _shown(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _read_each(files: Iterable[Path], look: Callable[[Image.Image], Read]) -> list[Read]:
    """Return what is read from each image, or raise all those that cannot be read."""
    found: list[Read] = []
    problems: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for file in files:
            try:
                with Image.open(file, formats=FORMATS) as image:
                    found.append(look(image))
            except Exception as error:  # Pillow raises many kinds, from SyntaxError to its own
                problems.append(f"{file} cannot be read as an image: {error}")
    if problems:
        raise ValueError(shortened(problems, separator="\n"))
    return found


def _header(image: Image.Image) -> Header:
    n_frames = getattr(image, "n_frames", 1)
    if n_frames > 1:
        raise ValueError(f"it has {n_frames} frames; allowed: 1")
    if image.mode in ("I", "F"):
        raise ValueError(f"its pixels are of Pillow's mode {image.mode}; allowed: 8 or 16 bits")
    return Header(image.size, image.mode not in ("1", "L", "LA") and not _has_16_bits(image))


def _pixels(image: Image.Image, *, is_colour: bool) -> npt.NDArray[np.uint8]:
    if _has_16_bits(image):  # Pillow's own conversion cuts everything above 255 off
        image = Image.fromarray(np.round(np.asarray(image) / 257).astype(np.uint8))
    elif image.mode == "P":
        image = image.convert("RGBA")  # or Pillow warns where the palette has transparency
    return np.asarray(image.convert("RGB" if is_colour else "L"))


def _has_16_bits(image: Image.Image) -> bool:
    return image.mode.startswith("I;16")
