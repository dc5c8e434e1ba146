"""A folder of images, in folders named after their labels where there are labels."""

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from .found_arrays import FoundArray
from .messages import shortened

FILE_NAMES = re.compile(r".+\.(png|jpe?g|bmp|gif|tiff?|webp)", re.IGNORECASE)
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")
SPLITS = ({""}, {"train"}, {"train", "test"})

LabelNames = dict[Path, tuple[str, ...]]
"""The label of each file: no name, or one."""

PixelsByFile = dict[Path, npt.NDArray[np.uint8]]
"""(height, width) where the image is grey, (height, width, 3) where it is in colour."""


def read(folder: Path, files: list[Path]) -> dict[str, FoundArray]:
    """Return the images in the order of their files; labels count their sorted names from 0.

    Images are uint8, all grey (n, height, width) or, once one is in colour, all
    (n, height, width, 3). Transparency is left out.
    """
    splits = _split(folder, files)
    found = _number_labels(folder, splits)
    pixels = _read_pixels(files)
    _require_one_size(folder, pixels)
    if any(image.ndim == 3 for image in pixels.values()):
        height, width = pixels[files[0]].shape[:2]
        pixels = {
            file: np.broadcast_to(np.atleast_3d(image), (height, width, 3))
            for file, image in pixels.items()
        }
    for split, labels in splits.items():
        found[f"{split}_images"] = np.stack([pixels[file] for file in labels])
    return found


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


def _number_labels(folder: Path, splits: Mapping[str, LabelNames]) -> dict[str, FoundArray]:
    """Return `<split>_labels` for each split that has labels, and the `class_names`."""
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
    found: dict[str, FoundArray] = {}
    for split, all_names in names.items():
        if all_names:
            class_names, labels = np.unique(all_names, return_inverse=True)
            found |= {f"{split}_labels": labels, "class_names": class_names}
    return found


def _read_pixels(files: Iterable[Path]) -> PixelsByFile:
    """Return each image's pixels, or raise all files that cannot be read."""
    pixels: PixelsByFile = {}
    problems = []
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for file in files:
            try:
                with Image.open(file, formats=FORMATS) as image:
                    pixels[file] = _pixels(image)
            except Exception as error:  # Pillow raises many kinds, from SyntaxError to its own
                problems.append(f"{file} cannot be read as an image: {error}")
    if problems:
        raise ValueError(shortened(problems, separator="\n"))
    return pixels


def _pixels(image: Image.Image) -> npt.NDArray[np.uint8]:
    n_frames = getattr(image, "n_frames", 1)
    if n_frames > 1:
        raise ValueError(f"it has {n_frames} frames; allowed: 1")
    if image.mode in ("I", "F"):
        raise ValueError(f"its pixels are of Pillow's mode {image.mode}; allowed: 8 or 16 bits")
    if image.mode.startswith("I;16"):  # Pillow's own conversion cuts everything above 255 off
        return np.round(np.asarray(image) / 257).astype(np.uint8)
    if image.mode == "P":
        image = image.convert("RGBA")  # or Pillow warns where the palette has transparency
    return np.asarray(image.convert("L" if image.mode in ("1", "L", "LA") else "RGB"))


def _require_one_size(folder: Path, pixels: PixelsByFile) -> None:
    sizes = {file: f"{image.shape[1]}x{image.shape[0]}" for file, image in pixels.items()}
    (usual, n_usual), *others = Counter(sizes.values()).most_common()
    if others:
        unusual = [
            f"{file.relative_to(folder)} is {size}" for file, size in sizes.items() if size != usual
        ]
        raise ValueError(
            f"{folder}: {shortened(unusual)}; allowed: one size, and {n_usual} of {len(sizes)} "
            f"images are {usual} (width x height)"
        )
