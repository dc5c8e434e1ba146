"""What must be true of images before they are raw images."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from autoencoder_lab.arrays import UNLABELLED
from autoencoder_lab.datasets.found_images import FoundImages, to_raw_images

FOLDER = Path("data/01_raw/toys")
IMAGES = np.random.default_rng(0).integers(0, 256, (8, 7, 5, 3), np.uint8)
IMAGES.setflags(write=False)
LABELS = np.arange(8)


def test_grey_images_get_a_channel() -> None:
    found = FoundImages(IMAGES[..., 0], test_images=IMAGES[:3, ..., :1])

    raw_images = to_raw_images(found, FOLDER)

    assert raw_images.train_images.shape == (8, 7, 5, 1)
    np.testing.assert_array_equal(raw_images.train_images, IMAGES[..., :1])
    assert raw_images.test_images is not None
    assert raw_images.test_images.shape == (3, 7, 5, 1)


@pytest.mark.parametrize(
    ("found", "kept"),
    [(np.uint8, np.uint8), (np.int64, np.uint8), (np.uint16, np.uint8), (">i4", np.uint8)],
)
def test_integers_become_bytes(found: npt.DTypeLike, kept: npt.DTypeLike) -> None:
    raw_images = to_raw_images(FoundImages(IMAGES.astype(found)), FOLDER)

    assert raw_images.train_images.dtype == kept
    np.testing.assert_array_equal(raw_images.train_images, IMAGES)


@pytest.mark.parametrize("found", [np.float16, np.float32, np.float64, ">f8"])
def test_floats_become_float32(found: npt.DTypeLike) -> None:
    images = (IMAGES / 255).astype(found)

    raw_images = to_raw_images(FoundImages(images), FOLDER)

    assert raw_images.train_images.dtype == np.float32
    np.testing.assert_array_equal(raw_images.train_images, images.astype(np.float32))


def test_missing_labels_are_unlabelled() -> None:
    raw_images = to_raw_images(FoundImages(IMAGES, None, IMAGES[:3], None), FOLDER)

    assert raw_images.train_labels.tolist() == [UNLABELLED] * 8
    assert raw_images.test_labels is not None
    assert raw_images.test_labels.tolist() == [UNLABELLED] * 3


def test_without_a_test_split_there_is_none() -> None:
    raw_images = to_raw_images(FoundImages(IMAGES, LABELS), FOLDER)

    assert (raw_images.test_images, raw_images.test_labels) == (None, None)


@pytest.mark.parametrize(
    "labels",
    [
        LABELS,
        LABELS.astype(np.uint8),
        LABELS.astype(float),
        LABELS[:, np.newaxis],
    ],
    ids=["int64", "uint8", "whole floats", "a column"],
)
def test_labels_become_int64(labels: npt.NDArray[np.generic]) -> None:
    raw_images = to_raw_images(FoundImages(IMAGES, labels), FOLDER)

    assert raw_images.train_labels.dtype == np.int64
    np.testing.assert_array_equal(raw_images.train_labels, LABELS)


def test_single_images_may_be_unlabelled() -> None:
    labels = np.array([0, 1, UNLABELLED, 2, 0, 1, UNLABELLED, 2])

    raw_images = to_raw_images(FoundImages(IMAGES, labels), FOLDER)

    np.testing.assert_array_equal(raw_images.train_labels, labels)


@pytest.mark.parametrize(
    ("images", "facts"),
    [
        (IMAGES[0, 0], r"have shape \(5, 3\); allowed: \(n, height, width\)"),
        (IMAGES[:, :0], r"have shape \(8, 0, 5, 3\); allowed"),
        (IMAGES[:1], "there are 1; allowed: at least 2"),
        (IMAGES.astype(str), "are <U3; allowed: integers, or floats"),
        (IMAGES.astype(bool), "are bool; allowed: integers, or floats"),
        (IMAGES + np.int64(7), "hold int64 values from 7 to 262; allowed: 0 to 255"),
        (IMAGES - np.int64(7), "hold int64 values from -7 to 248; allowed: 0 to 255"),
        (IMAGES / 2.55, "hold float64 values from 0.0 to 100.0; allowed: 0 to 1"),
        (np.full((2, 7, 5), np.inf), "hold float64 values from inf to inf"),
        (
            np.array([[[0.25, np.nan]], [[np.nan, 0.75]]]),
            "hold float64 values from 0.25 to 0.75 and 2 NaN; allowed: 0 to 1",
        ),
        (np.full((2, 7, 5), np.nan), "hold float64 values from nan to nan and 70 NaN; allowed"),
    ],
)
def test_images_of_wrong_shape_type_or_range_are_an_error(
    images: npt.NDArray[np.generic], facts: str
) -> None:
    with pytest.raises(ValueError, match=f"{FOLDER}: train images:? {facts}"):
        to_raw_images(FoundImages(images), FOLDER)


@pytest.mark.parametrize(
    ("labels", "facts"),
    [
        (LABELS[:5], "there are 8 train images and 5 train labels; allowed"),
        (np.eye(8), r"train labels have shape \(8, 8\); allowed: \(8,\)"),
        (np.array(3), r"train labels have shape \(\); allowed: \(8,\)"),
        (LABELS - 3, r"train labels hold -3 \(int64\); allowed: whole numbers from 0, and -1"),
        (LABELS / 2, r"train labels hold 0.5 \(float64\); allowed"),
        (np.where(LABELS == 5, np.nan, LABELS), r"train labels hold nan \(float64\); allowed"),
        (np.where(LABELS == 5, np.inf, LABELS), r"train labels hold inf \(float64\); allowed"),
        (LABELS.astype(np.uint64) + 2**63, r"hold 9223372036854775808 \(uint64\); allowed"),
        (LABELS.astype(str), r"train labels hold 0 \(<U21\); allowed"),
    ],
)
def test_labels_of_wrong_shape_type_or_value_are_an_error(
    labels: npt.NDArray[np.generic], facts: str
) -> None:
    with pytest.raises(ValueError, match=facts):
        to_raw_images(FoundImages(IMAGES, labels), FOLDER)


def test_train_and_test_images_of_two_shapes_are_an_error() -> None:
    found = FoundImages(IMAGES, test_images=IMAGES[:, 1:])

    with pytest.raises(ValueError, match=r"train images are \(7, 5, 3\), test images \(6, 5, 3\);"):
        to_raw_images(found, FOLDER)


def test_test_labels_need_test_images() -> None:
    with pytest.raises(ValueError, match="there are test labels and no test images; allowed: both"):
        to_raw_images(FoundImages(IMAGES, test_labels=LABELS), FOLDER)


def test_all_problems_are_in_one_error() -> None:
    found = FoundImages(IMAGES[:1], LABELS[:3], IMAGES / 2.0, LABELS / 2)

    with pytest.raises(ValueError, match="at least 2") as caught:
        to_raw_images(found, FOLDER)

    assert len(str(caught.value).splitlines()) == 4
