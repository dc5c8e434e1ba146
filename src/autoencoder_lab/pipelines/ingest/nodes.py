"""Splitting the images, and describing what came out."""

import hashlib
import logging
from typing import TypedDict

import numpy as np

from autoencoder_lab import seeds
from autoencoder_lab.arrays import (
    SMALLEST_SPLIT,
    UNLABELLED,
    ClassNames,
    Figure,
    Images,
    Labels,
    Pixels,
    RawImages,
    as_images,
    has_labels,
)
from autoencoder_lab.parameters import IngestParams
from autoencoder_lab.samples import stratified_order

logger = logging.getLogger(__name__)

SAMPLE_ROWS = 10


class Splits(TypedDict):
    """Images (n, height, width, channels) in [0, 1], a label for each, and the classes' names."""

    train_images: Images
    train_labels: Labels
    validation_images: Images
    validation_labels: Labels
    test_images: Images
    test_labels: Labels
    class_names: ClassNames


def split_images(raw_images: RawImages, params: IngestParams) -> Splits:
    """Return training, validation and test images: disjoint, and stratified where labelled.

    A data set's own validation and test splits are kept. Where a class is too small to be
    in both parts of a split, that split is not stratified. The test images come in an order in
    which any first few are a sample: what is shown, mapped or probed takes them from there.
    """
    test_seed, validation_seed, order_seed = seeds.derive(params.split_seed, "splits", 3)
    images, labels = raw_images.train_images, raw_images.train_labels
    _warn_of_too_little(raw_images)
    own = raw_images.splits
    n_left = 1 if "validation" in own else 2
    if "test" in own:
        test_images, test_labels = own["test"]
    else:
        images, test_images, labels, test_labels = _split(
            images, labels, params.test_fraction, n_splits_left=n_left, seed=test_seed
        )
    if "validation" in own:
        validation_images, validation_labels = own["validation"]
    else:
        images, validation_images, labels, validation_labels = _split(
            images, labels, params.validation_fraction, n_splits_left=1, seed=validation_seed
        )
    order = stratified_order(test_labels, seed=order_seed)
    all_labels = np.unique(np.concatenate([labels, validation_labels, test_labels]))
    return Splits(
        train_images=_shared(images),
        train_labels=labels,
        validation_images=_shared(validation_images),
        validation_labels=validation_labels,
        test_images=_shared(test_images[order]),
        test_labels=test_labels[order],
        class_names={
            label: raw_images.class_names.get(label, str(label))
            for label in all_labels[all_labels != UNLABELLED].tolist()
        },
    )


def describe_data(
    train_images: Images,
    train_labels: Labels,
    validation_images: Images,
    validation_labels: Labels,
    test_images: Images,
    test_labels: Labels,
    class_names: ClassNames,
) -> dict[str, object]:
    """Return how many images there are, of what shape and classes, and a digest of each split.

    The digest is the SHA-256 of the pixels and labels, so equal digests mean equal data.
    """
    splits = {
        "train": (train_images, train_labels),
        "validation": (validation_images, validation_labels),
        "test": (test_images, test_labels),
    }
    height, width, channels = train_images.shape[1:]
    return {
        "image": {"height": height, "width": width, "channels": channels},
        **{name: _describe_split(*split, class_names) for name, split in splits.items()},
    }


def draw_samples(train_images: Images, train_labels: Labels, class_names: ClassNames) -> Figure:
    """Return some training images: a row for each of the first classes, where labelled."""
    from autoencoder_lab.figures.images import (  # matplotlib takes its time
        COLUMNS,
        image_rows,
    )

    if has_labels(train_labels):
        classes = np.unique(train_labels)
        shown = classes[:SAMPLE_ROWS]
        rows = [(class_names[label], train_images[train_labels == label]) for label in shown]
        title = f"Training images of {len(shown)} of {len(classes)} classes"
    else:
        starts = range(0, min(len(train_images), SAMPLE_ROWS * COLUMNS), COLUMNS)
        rows = [("", train_images[start : start + COLUMNS]) for start in starts]
        title = "Training images"
    return image_rows(rows, title=title)


def _warn_of_too_little(raw_images: RawImages) -> None:
    if (raw_images.train_images == raw_images.train_images[0]).all():
        logger.warning("All images are the same: there is nothing to learn.")
    if raw_images.is_labelled and len(np.unique(raw_images.train_labels)) == 1:
        logger.warning("All images are of one class: what is measured by classes says nothing.")


def _split(
    images: Pixels, labels: Labels, fraction: float, *, n_splits_left: int, seed: int
) -> tuple[Pixels, Pixels, Labels, Labels]:
    """Return the images and labels without, and with, a random fraction: as scikit-learn does."""
    from sklearn.model_selection import train_test_split  # takes a second to import

    n_split_off = round(fraction * len(images))
    n_most = len(images) - n_splits_left * SMALLEST_SPLIT
    n_split_off = min(max(n_split_off, SMALLEST_SPLIT), n_most)
    _, class_sizes = np.unique(labels, return_counts=True)
    n_smaller_part = min(n_split_off, len(images) - n_split_off)
    can_stratify = class_sizes.min() >= 2 and len(class_sizes) <= n_smaller_part
    if not can_stratify:
        logger.warning("A class is too small to be in every split: the split is random.")
    without, split_off, labels_without, labels_split_off = train_test_split(
        images,
        labels,
        test_size=n_split_off,
        random_state=seed,
        stratify=labels if can_stratify else None,
    )
    return without, split_off, labels_without, labels_split_off


def _shared(pixels: Pixels) -> Images:
    images = as_images(pixels)
    images.setflags(write=False)  # nodes share them without a copy
    return images


def _describe_split(images: Images, labels: Labels, class_names: ClassNames) -> dict[str, object]:
    classes, class_sizes = np.unique(labels[labels != UNLABELLED], return_counts=True)
    digest = hashlib.sha256(images.data)
    digest.update(labels.data)
    return {
        "images": len(images),
        "images_by_class": {
            class_names[label]: int(size) for label, size in zip(classes, class_sizes, strict=True)
        },
        "mean_intensity": round(float(images.mean(dtype=np.float64)), 6),
        "sha256": digest.hexdigest(),
    }
