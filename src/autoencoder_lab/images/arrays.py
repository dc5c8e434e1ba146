"""The types of arrays that parts exchange (images, labels, codings), and their checks."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.float32]
"""(n, height, width, channels), in [0, 1]."""

Indices = npt.NDArray[np.intp]
"""(n,), which images."""

Rows = slice | Indices

Pixels = npt.NDArray[np.uint8] | Images
"""Images as they were found: uint8 in [0, 255], or float32 in [0, 1]."""

Labels = npt.NDArray[np.int64]
"""(n,), class indices from 0; `UNLABELLED` where an image has no label."""

ClassNames = Mapping[int, str]
"""What each label stands for."""

Codings = npt.NDArray[np.float32]
"""(n, latent_dim): one flat coding an image, whatever shape the encoder gives it."""

Mask = npt.NDArray[np.bool_]
"""(n,), whether something is true of each image."""

Errors = npt.NDArray[np.float64]
"""(n,): the squared error of each image's reconstruction, averaged over its pixels."""

Points = npt.NDArray[np.float32]
"""(n, 2): where each image lies on a map of the codings."""

ImageShape = tuple[int, int, int]
"""(height, width, channels)."""

UNLABELLED = -1  # as in sklearn.semi_supervised

NUMBERS_AT_ONCE = 2**22

SPLITS = ("train", "validation", "test")

SMALLEST_SPLIT = 3  # images; fewer cannot be mapped


@dataclass(frozen=True)
class RawImages:
    """A data set as it was found: with its own other splits, or `None` where it has none.

    Attributes:
        train_images, validation_images, test_images: (n, height, width, channels). All images
            have one shape.
        train_labels, validation_labels, test_labels: (n,), `UNLABELLED` throughout where there
            are no labels.
        class_names: Where classes have names; those that have none are called by their number.
        reading: Which files were left out, and what was changed, in words and counts.
        files: By split, which file each image is; none where one file holds many.
    """

    train_images: Pixels
    train_labels: Labels
    _: KW_ONLY
    validation_images: Pixels | None = None
    validation_labels: Labels | None = None
    test_images: Pixels | None = None
    test_labels: Labels | None = None
    class_names: ClassNames = field(default_factory=dict)
    reading: Mapping[str, object] = field(default_factory=dict)
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def splits(self) -> Mapping[str, tuple[Pixels, Labels]]:
        """The images and labels of each split that the data set has, by the split's name."""
        splits = {
            "train": (self.train_images, self.train_labels),
            "validation": (self.validation_images, self.validation_labels),
            "test": (self.test_images, self.test_labels),
        }
        return {
            name: (images, labels)
            for name, (images, labels) in splits.items()
            if images is not None and labels is not None
        }

    @property
    def is_labelled(self) -> bool:
        """Whether every image has a label."""
        return all(has_labels(labels) for _, labels in self.splits.values())

    @property
    def names(self) -> ClassNames:
        """What each label that some image has stands for."""
        labels = np.unique(np.concatenate([labels for _, labels in self.splits.values()]))
        known = labels[labels != UNLABELLED].tolist()
        return {label: self.class_names.get(label, str(label)) for label in known}

    def image_names(self, split: str, rows: Indices) -> list[str]:
        """Return what images of a split are called: their files, or their places in the data.

        Args:
            rows: Where they are among the images that the data set has for the split or, where it
                has none, among its training images, from which they are split off.
        """
        source = split if split in self.splits else "train"
        if source in self.files:
            return [self.files[source][row] for row in rows]
        return [f"{source}/{row}" for row in rows]

    def normal_label(self, normal_class: str | None) -> int | None:
        """Return the class of all images that are trained on, where it is one.

        Args:
            normal_class: The name of a class, to which training is restricted.
        """
        if normal_class is not None:
            return {name: label for label, name in self.names.items()}[normal_class]
        first, *others = np.unique(self.train_labels).tolist()
        return None if others or first == UNLABELLED else first

    def normal_images(self, normal_class: str | None) -> Mapping[str, Mask]:
        """Return which images of each split but the test split may be fitted and validated on.

        All, unless they are of one class: then those of this class, and those without a label.
        """
        normal = self.normal_label(normal_class)
        return {
            name: (labels == normal) | (labels == UNLABELLED) | (normal is None)
            for name, (_, labels) in self.splits.items()
            if name != "test"
        }

    def has_classes(self, normal_class: str | None) -> bool:
        """Whether every image has a label, and those that are trained on differ in it."""
        return normal_class is None and has_classes(*(labels for _, labels in self.splits.values()))

    def has_anomalies(self, normal_class: str | None) -> bool:
        """Whether some test images, and not all, are of another class than all training images."""
        normal = self.normal_label(normal_class)
        labels = self.train_labels if self.test_labels is None else self.test_labels
        return normal is not None and has_labels(labels) and 0 < (labels != normal).mean() < 1

    @cached_property
    def sha256(self) -> str:
        """A digest of all pixels, labels and names: equal digests mean equal data."""
        digest = hashlib.sha256(repr(sorted(self.class_names.items())).encode())
        for name, split in self.splits.items():
            if name == "validation":  # or it could be taken for a test split
                digest.update(name.encode())
            for array in split:
                digest.update(f"{array.dtype}{array.shape}".encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


class Figure(Protocol):
    """What nodes use of a matplotlib figure, so that naming its type does not import it."""

    def savefig(self, fname: BinaryIO, *, format: str) -> None: ...


class ImageSource(Protocol):
    """Images in [0, 1] that need not be in memory, but for those that are asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, height, width, channels)."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Rows, /) -> Images: ...


class Autoencoder(Protocol):
    """What nodes use of a Keras autoencoder, so that naming its type does not import Keras.

    The layers `encoder` (images to codings) and `decoder` (codings to images) are themselves
    models. Some families have one of them only.
    """

    name: str
    layers: "Sequence[Autoencoder]"
    input_shape: tuple[int | None, ...]
    output_shape: tuple[int | None, ...]

    def get_layer(self, name: str) -> "Autoencoder": ...

    def predict_on_batch(self, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]: ...

    def count_params(self) -> int: ...

    def save(self, filepath: Path) -> None: ...

    def get_weights(self) -> list[npt.NDArray[np.float32]]: ...


def predicted_at_once(shape: tuple[int, ...]) -> int:
    """Return how many images, or codings, of a shape (n, …) are in a batch where nothing is learnt.

    The size changes only the speed: 1000, or fewer where they are large.
    """
    return max(min(NUMBERS_AT_ONCE // math.prod(shape[1:]), 1000), 1)


def batches(images: ImageSource) -> Iterator[Images]:
    """Yield all images in their order, so many at once as fit in memory anywhere."""
    n_at_once = predicted_at_once(images.shape)
    for start in range(0, len(images), n_at_once):
        yield images[start : start + n_at_once]


def has_labels(labels: Labels) -> bool:
    """Whether every image has a label."""
    return bool((labels != UNLABELLED).all())


def has_classes(train_labels: Labels, *others: Labels) -> bool:
    """Whether every image has a label, and the training images differ in it."""
    return all(map(has_labels, (train_labels, *others))) and len(np.unique(train_labels)) > 1


def as_images(pixels: Pixels) -> Images:
    """Return images as they are computed with: float32 in [0, 1], in C's order."""
    scale = np.float32(255 if pixels.dtype == np.uint8 else 1)
    # Not as np.memmap, whose every part would be one, too.
    images: Images = np.divide(np.asarray(pixels), scale, dtype=np.float32, order="C")
    return images


def fewest_training_images(n_splits: int) -> int:
    """Return how many a data set of so many splits needs: the others are split off from them."""
    return SMALLEST_SPLIT * (1 + len(SPLITS) - n_splits)


class Shaped(Protocol):
    """An array, or what stands for one."""

    @property
    def shape(self) -> tuple[int, ...]: ...


def require_same_shape(**arrays: Shaped) -> None:
    """Raise `ValueError` unless all arrays have one shape.

    (n,) against (n, 1) would otherwise broadcast to (n, n) without a word.
    """
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"shapes differ, and must be the same: {shapes}")
