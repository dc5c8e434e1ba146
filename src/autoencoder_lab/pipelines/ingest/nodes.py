"""Splitting the images, and describing what came out."""

import hashlib
import logging
import math
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np

from autoencoder_lab.images import seeds
from autoencoder_lab.images.arrays import (
    SMALLEST_SPLIT,
    SPLITS,
    UNLABELLED,
    ClassNames,
    Figure,
    ImageSource,
    Indices,
    Labels,
    Mask,
    RawImages,
    batches,
    has_labels,
)
from autoencoder_lab.images.samples import stratified_order
from autoencoder_lab.images.sources import StoredImages
from autoencoder_lab.parameters import IngestParams

logger = logging.getLogger(__name__)

SAMPLE_ROWS = 10

DARK = 0.25
"""Images in which no pixel is brighter have been read by the wrong range, in all likelihood."""


class Splits(TypedDict):
    """Images (n, height, width, channels) in [0, 1], a label for each, and the classes' names.

    `has_classes` says whether anything is measured by classes.
    """

    train_images: StoredImages
    train_labels: Labels
    validation_images: StoredImages
    validation_labels: Labels
    test_images: StoredImages
    test_labels: Labels
    test_anomalies: Mask
    class_names: ClassNames
    has_classes: bool


@dataclass(frozen=True)
class Part:
    """A part of the images, unread, with their labels."""

    images: StoredImages
    labels: Labels

    def take(self, places: Indices) -> "Part":
        return Part(self.images.take(places), self.labels[places])


def split_images(raw_images: RawImages, params: IngestParams, normal_class: str | None) -> Splits:
    """Return training, validation and test images: disjoint, and stratified where labelled.

    A data set's own validation and test splits are kept. Where a class is too small to be in both
    parts of a split, that split is not stratified, and an image of each class is trained on. Images
    of each split come in an order in which any first few are a sample: what is shown, mapped or
    probed takes them from there.

    Where a class is called normal, or all training images are of one, only its images, and those
    without a label, are trained and validated on. Test images of other classes are anomalies; where
    the data set has no test split, all images of other classes are in it.
    """
    test_seed, validation_seed, *order_seeds = seeds.derive(params.split_seed, "splits", 5)
    _warn_of_too_little(raw_images, normal_class)
    given = {
        name: Part(StoredImages(pixels, np.arange(len(pixels))), labels)
        for name, (pixels, labels) in raw_images.splits.items()
    }
    own = set(given)
    is_fitted = raw_images.normal_images(normal_class)
    parts = given | {
        name: given[name].take(np.flatnonzero(mask)) for name, mask in is_fitted.items()
    }
    if "test" not in own:
        n_left = 1 if "validation" in own else 2
        parts["train"], test = _split(
            parts["train"], params.test_fraction, n_splits_left=n_left, seed=test_seed
        )
        others = np.flatnonzero(~is_fitted["train"])
        parts["test"] = given["train"].take(np.concatenate([test.images.rows, others]))
    if "validation" not in own:
        parts["train"], parts["validation"] = _split(
            parts["train"], params.validation_fraction, n_splits_left=1, seed=validation_seed
        )
    # What is left of training images that were split is in a random order.
    as_found = own if own == set(SPLITS) else own - {"train"}
    for name, seed in zip(("test", "validation", "train"), order_seeds, strict=True):
        if name in as_found | {"test"}:
            parts[name] = parts[name].take(stratified_order(parts[name].labels, seed=seed))
    test_labels = parts["test"].labels
    is_anomaly = test_labels != raw_images.normal_label(normal_class)
    return Splits(
        train_images=parts["train"].images,
        train_labels=parts["train"].labels,
        validation_images=parts["validation"].images,
        validation_labels=parts["validation"].labels,
        test_images=parts["test"].images,
        test_labels=test_labels,
        test_anomalies=is_anomaly & raw_images.has_anomalies(normal_class),
        class_names=raw_images.names,
        has_classes=raw_images.has_classes(normal_class),
    )


def describe_data(
    raw_images: RawImages,
    train_images: ImageSource,
    train_labels: Labels,
    validation_images: ImageSource,
    validation_labels: Labels,
    test_images: ImageSource,
    test_labels: Labels,
    test_anomalies: Mask,
    class_names: ClassNames,
    has_classes: bool,
) -> dict[str, object]:
    """Return how many images there are, of what shape and classes, and a digest of each split.

    And which of the data set's files were left out, and how many images were changed and how. The
    digest is the SHA-256 of the pixels and labels, so equal digests mean equal data.
    """
    splits = {
        "train": (train_images, train_labels),
        "validation": (validation_images, validation_labels),
        "test": (test_images, test_labels),
    }
    height, width, channels = train_images.shape[1:]
    described = {name: _describe_split(*split, class_names) for name, split in splits.items()}
    highest = max(float(split["highest_intensity"]) for split in described.values())
    if 0 < highest < DARK:
        logger.warning(
            "The images are dark: their brightest pixel is %.3g, where 1 is white, so that few "
            "grey levels are used. ingest.brightest says which number in the files is white.",
            highest,
        )
    return {
        "image": {"height": height, "width": width, "channels": channels},
        **described,
        "test_anomalies": int(test_anomalies.sum()),
        "has_classes": has_classes,
        **raw_images.reading,
    }


def draw_samples(
    train_images: ImageSource, train_labels: Labels, class_names: ClassNames
) -> Figure:
    """Return some training images: a row for each of the first classes, where labelled."""
    from autoencoder_lab.figures.images import COLUMNS, image_rows  # matplotlib takes its time

    if has_labels(train_labels):
        classes = np.unique(train_labels)
        shown = classes[:SAMPLE_ROWS]
        rows = [
            (class_names[label], train_images[np.flatnonzero(train_labels == label)[:COLUMNS]])
            for label in shown
        ]
        title = f"Training images of {len(shown)} of {len(classes)} classes"
    else:
        starts = range(0, min(len(train_images), SAMPLE_ROWS * COLUMNS), COLUMNS)
        rows = [("", train_images[start : start + COLUMNS]) for start in starts]
        title = "Training images"
    return image_rows(rows, title=title)


def _warn_of_too_little(raw_images: RawImages, normal_class: str | None) -> None:
    first = raw_images.train_images[:1]
    if all((image == first).all() for image in raw_images.train_images):
        logger.warning("All images are the same: there is nothing to learn.")
    if raw_images.is_labelled and not raw_images.has_classes(normal_class):
        logger.warning("All training images are of one class: nothing is measured by classes.")
    if normal_class is not None and not raw_images.has_anomalies(normal_class):
        logger.warning(
            "No test images are known to be of other classes than %s: anomalies are not measured.",
            normal_class,
        )


def _split(part: Part, fraction: float, *, n_splits_left: int, seed: int) -> tuple[Part, Part]:
    """Return the images without, and with, a random fraction: as scikit-learn does.

    The first part has an image of each class: what is trained on decides what can be measured.
    """
    from sklearn.model_selection import train_test_split  # takes a second to import

    labels = part.labels
    n_split_off = round(fraction * len(labels))
    n_most = len(labels) - n_splits_left * SMALLEST_SPLIT
    n_split_off = min(max(n_split_off, SMALLEST_SPLIT), n_most)
    n_left = len(labels) - n_split_off
    _, firsts, class_sizes = np.unique(labels, return_index=True, return_counts=True)
    can_stratify = (
        class_sizes.min() >= 2
        and class_sizes.min() * n_left >= len(labels)
        and len(class_sizes) <= min(n_split_off, n_left)
    )
    if can_stratify:
        without, split_off = train_test_split(
            np.arange(len(labels)), test_size=n_split_off, random_state=seed, stratify=labels
        )
    else:
        logger.warning("A class is too small to be in every split: the split is random.")
        order = np.random.default_rng(seed).permutation(len(labels))
        stays = np.isin(order, firsts[:n_left])
        split_off = order[~stays][:n_split_off]
        without = order[~np.isin(order, split_off)]
    return part.take(without), part.take(split_off)


def _describe_split(images: ImageSource, labels: Labels, class_names: ClassNames) -> dict[str, Any]:
    classes, class_sizes = np.unique(labels[labels != UNLABELLED], return_counts=True)
    digest, total, highest = hashlib.sha256(), 0.0, 0.0
    for batch in batches(images):
        digest.update(batch.data)
        total += float(batch.sum(dtype=np.float64))
        highest = max(highest, float(batch.max(initial=0)))
    digest.update(labels.data)
    return {
        "images": len(images),
        "images_by_class": {
            class_names[label]: int(size) for label, size in zip(classes, class_sizes, strict=True)
        },
        "mean_intensity": round(total / math.prod(images.shape), 6),
        "highest_intensity": round(highest, 6),
        "sha256": digest.hexdigest(),
    }
