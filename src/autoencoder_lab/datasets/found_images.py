"""What a reader found in the files, and what must be true of it before it is raw images."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from autoencoder_lab.arrays import UNLABELLED, Labels, Pixels, RawImages

FoundArray = npt.NDArray[np.generic]


@dataclass(frozen=True)
class FoundImages:
    """A data set as its files hold it: unchecked, and `None` where something is not there."""

    train_images: FoundArray
    train_labels: FoundArray | None = None
    test_images: FoundArray | None = None
    test_labels: FoundArray | None = None


def to_raw_images(found: FoundImages, folder: Path) -> RawImages:
    """Return the raw images, or raise everything that is wrong with what was found.

    Images (n, height, width) get a channel; integers become uint8 and floats float32. Missing
    labels become `UNLABELLED`.
    """
    problems = [
        *_image_problems("train", found.train_images, n_least=2),
        *_label_problems("train", found.train_images, found.train_labels),
        *_image_problems("test", found.test_images, n_least=1),
        *_label_problems("test", found.test_images, found.test_labels),
    ]
    if not problems:
        problems = list(_shape_problems(found))
    if problems:
        raise ValueError("\n".join(f"{folder}: {problem}" for problem in problems))
    train_images = _as_pixels(found.train_images)
    train_labels = _as_labels(found.train_labels, len(train_images))
    if found.test_images is None:
        return RawImages(train_images, train_labels)
    test_images = _as_pixels(found.test_images)
    test_labels = _as_labels(found.test_labels, len(test_images))
    return RawImages(train_images, train_labels, test_images, test_labels)


def _image_problems(split: str, images: FoundArray | None, *, n_least: int) -> Iterator[str]:
    if images is None:
        return
    if images.ndim not in (3, 4) or 0 in images.shape[1:]:
        yield (
            f"{split} images have shape {images.shape}; allowed: (n, height, width) "
            "or (n, height, width, channels)"
        )
    elif images.dtype.kind not in "uif":
        yield f"{split} images are {images.dtype}; allowed: integers, or floats"
    elif len(images) < n_least:
        yield f"{split} images: there are {len(images)}; allowed: at least {n_least}"
    elif images.dtype != np.uint8:
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


def _label_problems(
    split: str, images: FoundArray | None, labels: FoundArray | None
) -> Iterator[str]:
    if labels is None:
        return
    if images is None:
        yield f"there are {split} labels and no {split} images; allowed: both, or only images"
        return
    if labels.shape[1:] not in ((), (1,)) or labels.ndim == 0:
        yield f"{split} labels have shape {labels.shape}; allowed: ({len(images)},)"
        return
    if len(labels) != len(images):
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


def _shape_problems(found: FoundImages) -> Iterator[str]:
    if found.test_images is None:
        return
    train_shape = _with_channels(found.train_images).shape[1:]
    test_shape = _with_channels(found.test_images).shape[1:]
    if test_shape != train_shape:
        yield (
            f"train images are {train_shape}, test images {test_shape}; "
            "allowed: one (height, width, channels)"
        )


def _with_channels(images: FoundArray) -> FoundArray:
    return images if images.ndim == 4 else images[..., np.newaxis]


def _as_pixels(images: FoundArray) -> Pixels:
    images = _with_channels(images)
    if images.dtype.kind == "f":
        return images.astype(np.float32, copy=False)
    return images.astype(np.uint8, copy=False)


def _as_labels(labels: FoundArray | None, n_images: int) -> Labels:
    if labels is None:
        return np.full(n_images, UNLABELLED, np.int64)
    return labels.reshape(n_images).astype(np.int64)  # Keras and MedMNIST write (n, 1)
