"""The arrays that a reader found, and the checks that make them raw images."""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, TypeVar

import numpy as np
from PIL import Image
from upath import UPath

from autoencoder_lab.images.arrays import (
    SMALLEST_SPLIT,
    SPLITS,
    UNLABELLED,
    ImageShape,
    Labels,
    fewest_training_images,
)
from autoencoder_lab.parameters import SMALLEST_SIDE, ReadingParams

from . import pictures
from .blocks import Blocks, FoundArray
from .messages import shortened

CHANNELS = (1, 3)

MOST_PIXELS = 89_478_485
"""Of an image, which is read at once: as many as Pillow reads of a file without a warning."""

T = TypeVar("T")


@dataclass(frozen=True)
class Found:
    """What a data set's files hold, unchecked.

    Attributes:
        images, labels: By split: train, validation, test.
        class_names: The labels' names, in their order.
        changes: How many images were changed as they were read, and how: only then counted.
        files: By split, which each image is; none where one file holds many.
        is_scaled: Whether `ingest.brightest` is white already.
    """

    images: Mapping[str, Blocks]
    labels: Mapping[str, FoundArray]
    class_names: Sequence[str] = ()
    changes: Counter[str] = field(default_factory=Counter)
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_scaled: bool = False


def prepare(arrays: Found, folder: UPath, params: ReadingParams, *, trains: bool = True) -> Found:
    """Return what was found as it is kept, or raise everything that is wrong with it.

    Images get channels and, where the parameters name one, their shape; integers become uint8,
    floats float32. Labels are int64, `UNLABELLED` where there are none.

    Args:
        folder: Where it was found, for messages.
        trains: Whether something is trained on it, which takes training images, and several.
    """
    if trains and "train" not in arrays.images:
        splits = " and ".join(arrays.images)
        problem = (
            f"it holds {splits} images and no train images; needed: train-images-idx3-ubyte[.gz], "
            "or the key train_images, x_train or images"
        )
        _raise([problem], folder)
    if arrays.is_scaled:
        params = params.model_copy(update={"brightest": None})
    problems: list[str] = []
    n_training = fewest_training_images(len(arrays.images))
    for split in SPLITS:
        images, labels = arrays.images.get(split), arrays.labels.get(split)
        if images is not None:
            n_least = 1 if not trains else n_training if split == "train" else SMALLEST_SPLIT
            problems += _image_problems(split, images, params, n_least=n_least)
        if labels is not None:
            problems += _label_problems(split, labels, images)
    _raise(problems or list(_class_problems(arrays)), folder)
    kept = {split: _as_kept(images, params) for split, images in arrays.images.items()}
    problems = [
        f"{split} images are {problem}"
        for split, images in kept.items()
        if (problem := _shape_problem(images, params))
    ]
    _raise(problems, folder)
    shaped = {split: _of_shape(images, params, arrays.changes) for split, images in kept.items()}
    if len({images.shape[1:] for images in shaped.values()}) > 1:
        shapes = [f"{split} images are {images.shape[1:]}" for split, images in shaped.items()]
        _raise([f"{', '.join(shapes)}; allowed: one (height, width, channels)"], folder)
    return replace(
        arrays, images=shaped, labels={split: _labels(arrays, split) for split in arrays.images}
    )


def _raise(problems: Sequence[str], folder: UPath) -> None:
    if problems:
        raise ValueError("\n".join(f"{folder}: {problem}" for problem in problems))


def _as_kept(images: Blocks, params: ReadingParams) -> Blocks:
    dtype = np.dtype(np.float32 if images.dtype.kind == "f" else np.uint8)
    shape = (*images.shape, 1) if len(images.shape) == 3 else images.shape

    def parts() -> Generator[FoundArray]:
        for block in images.read():
            whole = block.reshape(len(block), *shape[1:])
            if params.brightest is not None:
                scaled = whole.astype(np.float64) / params.brightest
                whole = scaled if dtype == np.float32 else np.round(255 * scaled)
            yield whole.astype(dtype, copy=False)

    return Blocks(shape, dtype, parts)


def _shape_problem(images: Blocks, params: ReadingParams) -> str:
    """Return why images cannot be brought to the parameters' shape: nothing where they can."""
    shape, wanted = images.shape[1:], _wanted(images, params)
    if wanted == shape or images.dtype == np.uint8:
        return ""
    return (
        f"{images.dtype}, {shape}; allowed, where ingest.height, width and channels bring them to "
        f"{wanted}: integers from 0 to 255"
    )


def _wanted(images: Blocks, params: ReadingParams) -> ImageShape:
    _, height, width, channels = images.shape
    return params.height or height, params.width or width, params.channels or channels


def _of_shape(images: Blocks, params: ReadingParams, changes: Counter[str]) -> Blocks:
    n_images, *shape = images.shape
    wanted = _wanted(images, params)
    if wanted == tuple(shape):
        return images

    def parts() -> Generator[FoundArray]:
        for block in images.read():
            shaped = np.empty((len(block), *wanted), np.uint8)
            for number, pixels in enumerate(block):
                image = Image.fromarray(pixels[..., 0] if shape[2] == 1 else pixels)
                shaped[number], changes_of_one = pictures.reshape(image, wanted, params)
                changes.update(changes_of_one)
            yield shaped

    return Blocks((n_images, *wanted), images.dtype, parts)


def _labels(arrays: Found, split: str) -> Labels:
    n_images = arrays.images[split].shape[0]
    labels = arrays.labels.get(split, np.full(n_images, UNLABELLED))
    return labels.reshape(n_images).astype(np.int64)  # Keras and MedMNIST write (n, 1)


def _image_problems(
    split: str, images: Blocks, params: ReadingParams, *, n_least: int
) -> Iterator[str]:
    if len(images.shape) not in (3, 4) or 0 in images.shape[1:]:
        yield (
            f"{split} images have shape {images.shape}; allowed: (n, height, width) "
            "or (n, height, width, channels)"
        )
        return
    if len(images.shape) == 4 and images.shape[3] not in CHANNELS:
        yield (
            f"{split} images have shape {images.shape}, of {images.shape[3]} channels; allowed: "
            f"1 (grey) or 3 (red, green and blue), the last of the four{_likely_order(images)}"
        )
        return
    n_images, height, width = images.shape[:3]
    if height * width > MOST_PIXELS:
        yield (
            f"{split} images are {height} pixels high and {width} wide; "
            f"allowed: at most {MOST_PIXELS} pixels"
        )
        return
    if n_images < n_least:
        yield (
            f"the number of {split} images is {n_images}; allowed: at least {n_least} "
            f"(each split needs {SMALLEST_SPLIT})"
        )
    if min(height, width) < SMALLEST_SIDE:
        yield (
            f"{split} images are {height} pixels high and {width} wide; "
            f"allowed: at least {SMALLEST_SIDE} pixels high and wide"
        )
    if images.dtype.kind not in "uif":
        yield f"{split} images are {images.dtype}; allowed: integers, or floats"
    elif n_images and (images.dtype != np.uint8 or params.brightest is not None):
        yield from _value_problems(split, images, params.brightest)


def _likely_order(images: Blocks) -> str:
    """Return how to bring images, which seem to have the channels elsewhere, to the usual order."""
    _, second, third, _ = images.shape
    order = (0, 2, 3, 1) if second in CHANNELS else (3, 0, 1, 2) if third in CHANNELS else ()
    return f". Save them as numpy.transpose(images, {order})" if order else ""


def _value_problems(split: str, images: Blocks, brightest: float | None) -> Iterator[str]:
    highest = brightest or (1 if images.dtype.kind == "f" else 255)
    ranges: list[Any] = []  # of each block: its lowest and highest value, and how many are NaN
    for block in images.read():
        lowest_found = np.fmin.reduce(block, axis=None)  # passes over NaN, without a warning
        highest_found = np.fmax.reduce(block, axis=None)
        ranges.append((lowest_found, highest_found, np.count_nonzero(np.isnan(block))))
    all_lowest, all_highest, all_nan = zip(*ranges, strict=True)
    lowest, highest_found = reduce(np.fmin, all_lowest), reduce(np.fmax, all_highest)
    n_nan = sum(all_nan)
    if n_nan or lowest < 0 or highest_found > highest:
        nan_note = f" and {n_nan} NaN" if n_nan else ""
        yield (
            f"{split} images hold {images.dtype} values from {lowest} to {highest_found}"
            f"{nan_note}; allowed: 0 to {highest:g}, or to ingest.brightest"
        )


def unknown_classes(of_training: set[T], others: set[T]) -> set[T]:
    """Return those of other classes that training images of several classes have not.

    Where all training images are of one class, the others are what is to be found.
    """
    return others - of_training if len(of_training) > 1 else set()


def _class_problems(arrays: Found) -> Iterator[str]:
    classes = {
        split: set(np.unique(labels).tolist()) - {UNLABELLED}
        for split, labels in arrays.labels.items()
    }
    for split, of_split in classes.items():
        if unknown := unknown_classes(classes.get("train", set()), of_split):
            yield (
                f"{split} labels hold {shortened(sorted(unknown))}, which train labels have not; "
                "allowed: labels that training images have, or those of one class"
            )


def _label_problems(split: str, labels: FoundArray, images: Blocks | None) -> Iterator[str]:
    if images is None:
        yield f"there are {split} labels and no {split} images; allowed: both, or only images"
        return
    if labels.ndim == 0 or labels.shape[1:] not in ((), (1,)):
        yield f"{split} labels have shape {labels.shape}; allowed: (n,)"
        return
    if images.shape and len(labels) != images.shape[0]:
        yield (
            f"there are {images.shape[0]} {split} images and {len(labels)} {split} labels; "
            "allowed: a label for each image"
        )
    allowed = f"allowed: whole numbers from 0, and {UNLABELLED} for unlabelled"
    if labels.dtype.kind not in "buif":
        yield f"{split} labels are {labels.dtype}; {allowed}"
        return
    with np.errstate(invalid="ignore"):  # a NaN, which then differs from its integer
        as_integers = labels.astype(np.int64)
    is_allowed = (as_integers == labels) & (as_integers >= UNLABELLED)
    if not is_allowed.all():
        yield f"{split} labels hold {labels[~is_allowed][0]} ({labels.dtype}); {allowed}"
