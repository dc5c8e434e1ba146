from dataclasses import replace

import numpy as np
import pytest

from autoencoder_lab.images.arrays import (
    UNLABELLED,
    RawImages,
    as_images,
    has_labels,
    require_same_shape,
)


def test_labels_count_only_where_every_image_has_one() -> None:
    assert has_labels(np.array([0, 3, 1]))
    assert not has_labels(np.array([0, UNLABELLED, 1]))


def test_a_column_is_no_row() -> None:
    require_same_shape(labels=np.zeros(8), guesses=np.zeros(8))
    with pytest.raises(ValueError, match=r"labels.*\(8,\).*guesses.*\(8, 1\)"):
        require_same_shape(labels=np.zeros(8), guesses=np.zeros((8, 1)))


def test_bytes_become_intensities_and_intensities_stay() -> None:
    levels = np.array([0, 51, 255], np.uint8)

    images = as_images(levels)

    assert images.dtype == np.float32
    np.testing.assert_array_equal(images, np.float32([0, 0.2, 1]))
    np.testing.assert_array_equal(as_images(images), images)


IMAGES, LABELS = np.zeros((4, 3, 2, 1), np.uint8), np.arange(4)
RAW = RawImages(IMAGES, LABELS, test_images=IMAGES, test_labels=LABELS, class_names={0: "cat"})


@pytest.mark.parametrize(
    "change",
    [
        {"train_images": IMAGES + 1},
        {"train_labels": LABELS[::-1]},
        {"test_images": IMAGES.reshape(4, 2, 3, 1)},
        {"test_labels": None},
        {
            "test_images": None,
            "test_labels": None,
            "validation_images": IMAGES,
            "validation_labels": LABELS,
        },
        {"class_names": {0: "dog"}},
    ],
    ids=str,
)
def test_equal_digests_mean_equal_data(change: dict[str, object]) -> None:
    assert RAW.sha256 == replace(RAW).sha256 != replace(RAW, **change).sha256


@pytest.mark.parametrize(
    ("train", "test", "is_labelled"),
    [
        (LABELS, LABELS, True),
        (LABELS, None, True),
        (LABELS, np.full(4, UNLABELLED), False),
        (np.full(4, UNLABELLED), LABELS, False),
    ],
)
def test_data_are_labelled_where_every_image_is(
    train: np.ndarray, test: np.ndarray | None, is_labelled: bool
) -> None:
    assert RawImages(IMAGES, train, test_images=IMAGES, test_labels=test).is_labelled == is_labelled


def test_images_are_called_by_their_files_or_by_their_places() -> None:
    images, labels = np.zeros((4, 3, 3, 1), np.uint8), np.zeros(4, np.int64)
    rows = np.array([3, 1])

    unsplit = RawImages(images, labels, files={"train": list("abcd")})
    assert unsplit.image_names("test", rows) == ["d", "b"]  # split off from the training images
    split = RawImages(images, labels, test_images=images, test_labels=labels)
    assert split.image_names("test", rows) == ["test/3", "test/1"]
    assert split.image_names("validation", rows) == ["train/3", "train/1"]
