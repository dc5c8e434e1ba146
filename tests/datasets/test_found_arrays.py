"""What must be true of arrays before they are raw images."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from autoencoder_lab.arrays import UNLABELLED
from autoencoder_lab.datasets.found_arrays import to_raw_images

FOLDER = Path("data/01_raw/toys")
IMAGES = np.random.default_rng(0).integers(0, 256, (9, 7, 5, 3), np.uint8)
IMAGES.setflags(write=False)
LABELS = np.arange(9)


def test_grey_images_get_a_channel() -> None:
    found = {"train_images": IMAGES[..., 0], "test_images": IMAGES[:3, ..., :1]}

    raw_images = to_raw_images(found, FOLDER)

    np.testing.assert_array_equal(raw_images.train_images, IMAGES[..., :1])
    np.testing.assert_array_equal(raw_images.test_images, IMAGES[:3, ..., :1])


@pytest.mark.parametrize("found", [np.uint8, np.int64, np.uint16, ">i4"])
def test_integers_become_bytes(found: npt.DTypeLike) -> None:
    raw_images = to_raw_images({"train_images": IMAGES.astype(found)}, FOLDER)

    assert raw_images.train_images.dtype == np.uint8
    np.testing.assert_array_equal(raw_images.train_images, IMAGES)


@pytest.mark.parametrize("found", [np.float16, np.float32, np.float64, ">f8"])
def test_floats_become_float32(found: npt.DTypeLike) -> None:
    images = (IMAGES / 255).astype(found)

    raw_images = to_raw_images({"train_images": images}, FOLDER)

    assert raw_images.train_images.dtype == np.float32
    np.testing.assert_array_equal(raw_images.train_images, images.astype(np.float32))


def test_missing_labels_are_unlabelled() -> None:
    raw_images = to_raw_images({"train_images": IMAGES, "test_images": IMAGES[:3]}, FOLDER)

    assert raw_images.train_labels.tolist() == [UNLABELLED] * 9
    assert raw_images.test_labels.tolist() == [UNLABELLED] * 3


def test_without_a_test_split_there_is_none() -> None:
    raw_images = to_raw_images({"train_images": IMAGES, "train_labels": LABELS}, FOLDER)

    assert (raw_images.test_images, raw_images.test_labels) == (None, None)


@pytest.mark.parametrize(
    "labels",
    [
        LABELS,
        LABELS.astype(np.uint8),
        LABELS.astype(float),
        LABELS[:, np.newaxis],
        np.where(LABELS == 5, UNLABELLED, LABELS),
    ],
    ids=["int64", "uint8", "whole floats", "a column", "one unlabelled"],
)
def test_labels_become_int64(labels: npt.NDArray[np.generic]) -> None:
    raw_images = to_raw_images({"train_images": IMAGES, "train_labels": labels}, FOLDER)

    assert raw_images.train_labels.dtype == np.int64
    np.testing.assert_array_equal(raw_images.train_labels, labels.ravel())


@pytest.mark.parametrize(
    ("images", "facts"),
    [
        (IMAGES[0, 0], r"have shape \(5, 3\); allowed: \(n, height, width\)"),
        (IMAGES[:, :0], r"have shape \(9, 0, 5, 3\); allowed"),
        (IMAGES[:, :2], "are 2 pixels high and 5 wide; allowed: at least 3 pixels high and wide"),
        (IMAGES[:, :, :2], "are 7 pixels high and 2 wide; allowed: at least 3 pixels"),
        (IMAGES.astype(str), "are <U3; allowed: integers, or floats"),
        (IMAGES.astype(bool), "are bool; allowed: integers, or floats"),
        (IMAGES + np.int64(7), "hold int64 values from 7 to 262; allowed: 0 to 255"),
        (IMAGES - np.int64(7), "hold int64 values from -7 to 248; allowed: 0 to 255"),
        (IMAGES / 2.55, "hold float64 values from 0.0 to 100.0; allowed: 0 to 1"),
        (np.full((9, 7, 5), np.inf), "hold float64 values from inf to inf"),
        (
            np.repeat([0.25, np.nan, 0.75], 3 * 7 * 5).reshape(9, 7, 5),
            "hold float64 values from 0.25 to 0.75 and 105 NaN; allowed: 0 to 1",
        ),
        (np.full((9, 7, 5), np.nan), "hold float64 values from nan to nan and 315 NaN; allowed"),
    ],
)
def test_images_of_wrong_shape_type_or_range_are_an_error(
    images: npt.NDArray[np.generic], facts: str
) -> None:
    with pytest.raises(ValueError, match=f"^{FOLDER}: train images {facts}"):
        to_raw_images({"train_images": images}, FOLDER)


@pytest.mark.parametrize(
    "found",
    [
        {"train_images": IMAGES},
        {"train_images": IMAGES[:6], "test_images": IMAGES[:3]},
        {
            "train_images": IMAGES[:3],
            "validation_images": IMAGES[:3],
            "test_images": IMAGES[:3],
        },
        {"train_images": IMAGES[:, :3, :3]},
    ],
)
def test_the_smallest_data_sets_are_accepted(found: dict[str, npt.NDArray[np.uint8]]) -> None:
    raw_images = to_raw_images(found, FOLDER)

    np.testing.assert_array_equal(raw_images.train_images, found["train_images"])


@pytest.mark.parametrize(
    ("found", "facts"),
    [
        ({"train_images": IMAGES[:8]}, "8 train images; allowed: at least 9"),
        ({"train_images": IMAGES[:0] / 255}, "0 train images; allowed: at least 9"),
        (
            {"train_images": IMAGES[:5], "test_images": IMAGES},
            "5 train images; allowed: at least 6",
        ),
        (
            {"train_images": IMAGES[:5], "validation_images": IMAGES},
            "5 train images; allowed: at least 6",
        ),
        ({"train_images": IMAGES, "test_images": IMAGES[:2]}, "2 test images; allowed: at least 3"),
        (
            {"train_images": IMAGES, "validation_images": IMAGES[:2]},
            "2 validation images; allowed: at least 3",
        ),
    ],
    ids=[
        *("no other split", "no images", "a test split", "a validation split"),
        *("a small test split", "a small validation split"),
    ],
)
def test_fewer_images_than_splits_need_are_an_error(
    found: dict[str, npt.NDArray[np.generic]], facts: str
) -> None:
    with pytest.raises(ValueError, match=rf"there are {facts} \(each split needs 3\)$"):
        to_raw_images(found, FOLDER)


@pytest.mark.parametrize(
    ("labels", "facts"),
    [
        (LABELS[:5], "there are 9 train images and 5 train labels; allowed"),
        (np.eye(9), r"train labels have shape \(9, 9\); allowed: \(n,\)"),
        (np.array(3), r"train labels have shape \(\); allowed: \(n,\)"),
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
        to_raw_images({"train_images": IMAGES, "train_labels": labels}, FOLDER)


def test_train_and_test_images_of_two_shapes_are_an_error() -> None:
    found = {"train_images": IMAGES, "test_images": IMAGES[:, 1:]}

    with pytest.raises(ValueError, match=r"train images are \(7, 5, 3\), test .* \(6, 5, 3\);"):
        to_raw_images(found, FOLDER)


def test_test_labels_need_test_images() -> None:
    with pytest.raises(ValueError, match="there are test labels and no test images; allowed: both"):
        to_raw_images({"train_images": IMAGES, "test_labels": LABELS}, FOLDER)


def test_all_problems_are_in_one_error() -> None:
    found = {
        "train_images": IMAGES[:5, :2] / 2.0,
        "train_labels": LABELS[:3] / 2,
        "test_images": np.array(7),
        "test_labels": LABELS / 2,
    }

    with pytest.raises(ValueError, match="at least 6") as caught:
        to_raw_images(found, FOLDER)

    assert len(str(caught.value).splitlines()) == 3 + 2 + 1 + 1


def test_names_of_classes_become_those_of_the_labels_in_their_order(tmp_path: Path) -> None:
    found = {
        "train_images": np.zeros((12, 5, 3), np.uint8),
        "train_labels": np.arange(12) % 2,
        "class_names": np.array(["cat", "dog"]),
    }

    assert to_raw_images(found, tmp_path).class_names == {0: "cat", 1: "dog"}
