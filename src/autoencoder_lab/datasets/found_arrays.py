"""The arrays that a reader found, and what must be true of them before they are raw images."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autoencoder_lab.arrays import SMALLEST_SPLIT, UNLABELLED, Labels, Pixels, RawImages

FoundArray = npt.NDArray[np.generic]

SPLITS = ("train", "validation", "test")
SMALLEST_SIDE = 3  # pixels; the structural similarity has no smaller window


def to_raw_images(found: Mapping[str, FoundArray], folder: Path) -> RawImages:
    """Return the raw images, or raise everything that is wrong with what was found.

    Images (n, height, width) get a channel; integers become uint8 and floats float32. Missing
    labels become `UNLABELLED`.

    Args:
        found: `train_images` and, where there are any, `train_labels`, and the same of
            `validation` and `test`: as they are in the files, unchecked; and `class_names`, the
            labels' names in their order.
        folder: Where they were found, for messages.
    """
    problems: list[str] = []
    n_missing = sum(f"{split}_images" not in found for split in SPLITS)
    for split in SPLITS:
        images, labels = found.get(f"{split}_images"), found.get(f"{split}_labels")
        if images is not None:
            n_splits = 1 + n_missing if split == "train" else 1  # which are split off
            problems += _image_problems(split, images, n_least=SMALLEST_SPLIT * n_splits)
        if labels is not None:
            problems += _label_problems(split, labels, images)
    if problems:
        raise ValueError("\n".join(f"{folder}: {problem}" for problem in problems))
    arrays: dict[str, Any] = {}
    for split in SPLITS:
        if f"{split}_images" in found:
            arrays[f"{split}_images"], arrays[f"{split}_labels"] = _convert(found, split)
    class_names = dict(enumerate(map(str, found.get("class_names", ()))))
    raw_images = RawImages(**arrays, class_names=class_names)
    _require_one_shape(raw_images, folder)
    return raw_images


def _require_one_shape(raw_images: RawImages, folder: Path) -> None:
    shapes = {split: images.shape[1:] for split, (images, _) in raw_images.splits.items()}
    if len(set(shapes.values())) > 1:
        listing = ", ".join(f"{split} images are {shape}" for split, shape in shapes.items())
        raise ValueError(f"{folder}: {listing}; allowed: one (height, width, channels)")


def _image_problems(split: str, images: FoundArray, *, n_least: int) -> Iterator[str]:
    if images.ndim not in (3, 4) or 0 in images.shape[1:]:
        yield (
            f"{split} images have shape {images.shape}; allowed: (n, height, width) "
            "or (n, height, width, channels)"
        )
        return
    n_images, height, width = images.shape[:3]
    if n_images < n_least:
        yield (
            f"there are {n_images} {split} images; allowed: at least {n_least} "
            f"(each split needs {SMALLEST_SPLIT})"
        )
    if min(height, width) < SMALLEST_SIDE:
        yield (
            f"{split} images are {height} pixels high and {width} wide; "
            f"allowed: at least {SMALLEST_SIDE} pixels high and wide"
        )
    if images.dtype.kind not in "uif":
        yield f"{split} images are {images.dtype}; allowed: integers, or floats"
    elif images.dtype != np.uint8 and n_images:
        yield from _value_problems(split, images)


def _value_problems(split: str, images: FoundArray) -> Iterator[str]:
    highest = 1 if images.dtype.kind == "f" else 255
    lowest_found = np.fmin.reduce(images, axis=None)  # passes over NaN, without a warning
    highest_found = np.fmax.reduce(images, axis=None)
    n_nan = np.count_nonzero(np.isnan(images))
    if n_nan or lowest_found < 0 or highest_found > highest:
        nan_note = f" and {n_nan} NaN" if n_nan else ""
        yield (
            f"{split} images hold {images.dtype} values from {lowest_found} to {highest_found}"
            f"{nan_note}; allowed: 0 to {highest}"
        )


def _label_problems(split: str, labels: FoundArray, images: FoundArray | None) -> Iterator[str]:
    if images is None:
        yield f"there are {split} labels and no {split} images; allowed: both, or only images"
        return
    if labels.ndim == 0 or labels.shape[1:] not in ((), (1,)):
        yield f"{split} labels have shape {labels.shape}; allowed: (n,)"
        return
    if images.ndim and len(labels) != len(images):
        yield (
            f"there are {len(images)} {split} images and {len(labels)} {split} labels; "
            "allowed: a label for each image"
        )
    is_allowed = np.zeros(labels.shape, bool)
    if labels.dtype.kind in "buif":
        with np.errstate(invalid="ignore"):  # a NaN, which then differs from its integer
            as_integers = labels.astype(np.int64)
        is_allowed = (as_integers == labels) & (as_integers >= UNLABELLED)
    if not is_allowed.all():
        yield (
            f"{split} labels hold {labels[~is_allowed][0]} ({labels.dtype}); "
            f"allowed: whole numbers from 0, and {UNLABELLED} for unlabelled"
        )


def _convert(found: Mapping[str, FoundArray], split: str) -> tuple[Pixels, Labels]:
    images = found[f"{split}_images"]
    if images.ndim == 3:
        images = images[..., np.newaxis]
    labels = found.get(f"{split}_labels", np.full(len(images), UNLABELLED))
    flat_labels = labels.reshape(len(images)).astype(np.int64)  # Keras and MedMNIST write (n, 1)
    if images.dtype.kind == "f":
        return images.astype(np.float32, copy=False), flat_labels
    return images.astype(np.uint8, copy=False), flat_labels
