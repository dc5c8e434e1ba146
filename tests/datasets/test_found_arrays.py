"""What must be true of arrays before they are raw images."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from autoencoder_lab.datasets.blocks import FoundArray
from autoencoder_lab.datasets.found_arrays import prepare
from autoencoder_lab.images.arrays import UNLABELLED

from ..ingest_params import reading_params
from .found import as_arrays, as_found

FOLDER = Path("data/01_raw/toys")
IMAGES = np.random.default_rng(0).integers(0, 256, (9, 7, 5, 3), np.uint8)
IMAGES.setflags(write=False)
LABELS = np.arange(9)


def prepared(found: Mapping[str, FoundArray], **reading: object) -> dict[str, FoundArray]:
    return as_arrays(prepare(as_found(found), FOLDER, reading_params(**reading)))


def test_grey_images_get_a_channel() -> None:
    found = {"train_images": IMAGES[..., 0], "test_images": IMAGES[:3, ..., :1]}

    kept = prepared(found)

    np.testing.assert_array_equal(kept["train_images"], IMAGES[..., :1])
    np.testing.assert_array_equal(kept["test_images"], IMAGES[:3, ..., :1])


@pytest.mark.parametrize("found", [np.uint8, np.int64, np.uint16, ">i4"])
def test_integers_become_bytes(found: npt.DTypeLike) -> None:
    kept = prepared({"train_images": IMAGES.astype(found)})

    assert kept["train_images"].dtype == np.uint8
    np.testing.assert_array_equal(kept["train_images"], IMAGES)


@pytest.mark.parametrize("found", [np.float16, np.float32, np.float64, ">f8"])
def test_floats_become_float32(found: npt.DTypeLike) -> None:
    images = (IMAGES / 255).astype(found)

    kept = prepared({"train_images": images})

    assert kept["train_images"].dtype == np.float32
    np.testing.assert_array_equal(kept["train_images"], images.astype(np.float32))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_numbers_are_scaled_by_what_is_white(dtype: npt.DTypeLike) -> None:
    images = (IMAGES // 64).astype(dtype)  # 0 to 3

    kept = prepared({"train_images": images}, brightest=3)["train_images"]

    highest = 1 if dtype == np.float32 else 255
    np.testing.assert_allclose(kept, images / 3 * highest, atol=1e-6)
    assert kept.dtype == (np.float32 if dtype == np.float32 else np.uint8)
    with pytest.raises(ValueError, match=r"values from 0.* to 3.*; allowed: 0 to 2, or to ingest"):
        prepared({"train_images": images}, brightest=2)


def test_missing_labels_are_unlabelled() -> None:
    kept = prepared({"train_images": IMAGES, "test_images": IMAGES[:3]})

    assert kept["train_labels"].tolist() == [UNLABELLED] * 9
    assert kept["test_labels"].tolist() == [UNLABELLED] * 3


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
    kept = prepared({"train_images": IMAGES, "train_labels": labels})

    assert kept["train_labels"].dtype == np.int64
    np.testing.assert_array_equal(kept["train_labels"], labels.ravel())


@pytest.mark.parametrize(
    ("images", "facts"),
    [
        (IMAGES[0, 0], r"have shape \(5, 3\); allowed: \(n, height, width\)"),
        (IMAGES[:, :0], r"have shape \(9, 0, 5, 3\); allowed"),
        (IMAGES[:, :2], "are 2 pixels high and 5 wide; allowed: at least 3 pixels high and wide"),
        (IMAGES[:, :, :2], "are 7 pixels high and 2 wide; allowed: at least 3 pixels"),
        (
            np.broadcast_to(np.float32(0), (9, 10_000, 10_000)),
            "are 10000 pixels high and 10000 wide; allowed: at most 89478485 pixels",
        ),
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
        prepared({"train_images": images})


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
    kept = prepared(found)

    np.testing.assert_array_equal(kept["train_images"], found["train_images"])


@pytest.mark.parametrize(
    ("found", "facts"),
    [
        ({"train_images": IMAGES[:8]}, "train images is 8; allowed: at least 9"),
        ({"train_images": IMAGES[:0] / 255}, "train images is 0; allowed: at least 9"),
        (
            {"train_images": IMAGES[:5], "test_images": IMAGES},
            "train images is 5; allowed: at least 6",
        ),
        (
            {"train_images": IMAGES[:5], "validation_images": IMAGES},
            "train images is 5; allowed: at least 6",
        ),
        (
            {"train_images": IMAGES, "test_images": IMAGES[:2]},
            "test images is 2; allowed: at least 3",
        ),
        (
            {"train_images": IMAGES, "validation_images": IMAGES[:2]},
            "validation images is 2; allowed: at least 3",
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
    with pytest.raises(ValueError, match=rf"the number of {facts} \(each split needs 3\)$"):
        prepared(found)


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
        (np.full(9, 0xFFFFFFFF, np.uint32).view("U1"), "train labels are <U1; allowed"),
        (LABELS.astype(str), "train labels are <U21; allowed: whole numbers from 0"),
    ],
)
def test_labels_of_wrong_shape_type_or_value_are_an_error(
    labels: npt.NDArray[np.generic], facts: str
) -> None:
    with pytest.raises(ValueError, match=facts):
        prepared({"train_images": IMAGES, "train_labels": labels})


def test_train_and_test_images_of_two_shapes_are_an_error() -> None:
    found = {"train_images": IMAGES, "test_images": IMAGES[:, 1:]}

    with pytest.raises(ValueError, match=r"train images are \(7, 5, 3\), test .* \(6, 5, 3\);"):
        prepared(found)


def test_test_labels_need_test_images() -> None:
    with pytest.raises(ValueError, match="there are test labels and no test images; allowed: both"):
        prepared({"train_images": IMAGES, "test_labels": LABELS})


def test_all_problems_are_in_one_error() -> None:
    found = {
        "train_images": IMAGES[:5, :2] / 2.0,
        "train_labels": LABELS[:3] / 2,
        "test_images": np.array(7),
        "test_labels": LABELS / 2,
    }

    with pytest.raises(ValueError, match="at least 6") as caught:
        prepared(found)

    assert len(str(caught.value).splitlines()) == 3 + 2 + 1 + 1


@pytest.mark.parametrize("channels", [1, 3])
def test_arrays_are_brought_to_the_parameters_shape(channels: int) -> None:
    found = as_found({"train_images": IMAGES, "test_images": IMAGES[:, ::2, ::2, :1]})
    params = reading_params(height=4, width=6, channels=channels, fit="stretch")

    kept = prepare(found, FOLDER, params)

    assert {split: blocks.shape for split, blocks in kept.images.items()} == {
        "train": (9, 4, 6, channels),
        "test": (9, 4, 6, channels),
    }
    assert as_arrays(kept)["train_images"].shape == (9, 4, 6, channels)
    assert kept.changes["brought to the size by stretch"] == 9 + 9


def test_arrays_that_have_the_shape_are_left_alone() -> None:
    kept = prepared({"train_images": IMAGES}, height=7, width=5, channels=3)

    np.testing.assert_array_equal(kept["train_images"], IMAGES)


@pytest.mark.parametrize(
    ("shape", "advice"),
    [
        ((9, 3, 7, 5), r"numpy\.transpose\(images, \(0, 2, 3, 1\)\)"),
        ((9, 1, 7, 5), r"numpy\.transpose\(images, \(0, 2, 3, 1\)\)"),
        ((7, 5, 3, 9), r"numpy\.transpose\(images, \(3, 0, 1, 2\)\)"),
        ((9, 7, 5, 4), "allowed: 1 \\(grey\\) or 3 .*, the last of the four$"),
        ((9, 7, 5, 2), "allowed: 1 \\(grey\\) or 3 .*, the last of the four$"),
    ],
)
def test_other_channels_are_an_error_that_says_the_likely_order(
    shape: tuple[int, ...], advice: str
) -> None:
    with pytest.raises(ValueError, match=f"of {shape[3]} channels; .*{advice}"):
        prepared({"train_images": np.zeros(shape, np.uint8)})


def test_classes_that_training_images_have_not_are_an_error() -> None:
    test = {"test_images": IMAGES[:3], "test_labels": np.array([0, 7, 9])}
    found = {"train_images": IMAGES, "train_labels": LABELS % 2, **test}

    with pytest.raises(ValueError, match="test labels hold 7, 9, which train labels have not"):
        prepared(found)

    one_class = prepared({**found, "train_labels": LABELS * 0})
    assert one_class["test_labels"].tolist() == [0, 7, 9]
    with_unlabelled = prepared({**found, "test_labels": np.array([0, 1, UNLABELLED])})
    assert with_unlabelled["test_labels"].tolist() == [0, 1, UNLABELLED]


def test_what_pillow_cannot_bring_to_a_shape_is_an_error() -> None:
    images = (IMAGES / 255).astype(np.float32)

    with pytest.raises(ValueError, match=r"bring them to \(9, 9, \d\): integers from 0 to 255"):
        prepared({"train_images": images}, height=9, width=9)
