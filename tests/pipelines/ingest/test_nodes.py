import logging
from dataclasses import replace

import numpy as np
import pytest

from autoencoder_lab.images.arrays import UNLABELLED, Labels, RawImages
from autoencoder_lab.images.sources import StoredImages
from autoencoder_lab.pipelines.ingest.nodes import describe_data, draw_samples, split_images

from ...ingest_params import ingest_params

PARAMS = ingest_params(validation_fraction=0.1, test_fraction=0.2, split_seed=0)


def raw(labels: Labels, *, test_labels: Labels | None = None) -> RawImages:
    """Return images whose pixels say which image they are, in 2 bytes."""

    def numbered(n: int, start: int) -> np.ndarray:
        numbers = np.arange(start, start + n, dtype=np.uint16)
        return numbers.view(np.uint8).reshape(n, 1, 2, 1).repeat(3, axis=1)

    if test_labels is None:
        return RawImages(numbered(len(labels), 0), labels)
    test_images = numbered(len(test_labels), len(labels))
    return RawImages(
        numbered(len(labels), 0), labels, test_images=test_images, test_labels=test_labels
    )


def numbers(images: StoredImages) -> list[int]:
    pixels = np.rint(255 * images[:][:, 0, :, 0]).astype(int)
    return [int(low + 256 * high) for low, high in pixels]


def test_every_image_is_in_one_split_with_its_own_label() -> None:
    labels = np.arange(500) % 7

    splits = split_images(raw(labels), PARAMS, None)

    names = ("train", "validation", "test")
    found = [numbers(splits[f"{name}_images"]) for name in names]
    assert sorted(number for part in found for number in part) == list(range(500))
    assert [len(part) for part in found] == [360, 40, 100]
    for name, part in zip(names, found, strict=True):
        np.testing.assert_array_equal(splits[f"{name}_labels"], labels[part])


def test_classes_keep_their_shares() -> None:
    labels = np.repeat([0, 1, 2], [600, 300, 100])

    splits = split_images(raw(labels), PARAMS, None)

    assert np.bincount(splits["test_labels"]).tolist() == [120, 60, 20]
    assert np.bincount(splits["validation_labels"]).tolist() == [48, 24, 8]


def test_a_data_sets_own_test_split_is_kept() -> None:
    test_labels = np.arange(50) % 3

    splits = split_images(raw(np.arange(200) % 3, test_labels=test_labels), PARAMS, None)

    found = numbers(splits["test_images"])
    assert sorted(found) == list(range(200, 250))
    np.testing.assert_array_equal(splits["test_labels"], test_labels[np.subtract(found, 200)])


def test_a_data_sets_own_validation_split_is_kept() -> None:
    labels = np.arange(200) % 3
    own = raw(labels, test_labels=np.arange(50) % 3)

    splits = split_images(
        replace(
            own,
            validation_images=own.test_images,
            validation_labels=own.test_labels,
            test_images=None,
            test_labels=None,
        ),
        PARAMS,
        None,
    )

    found = numbers(splits["validation_images"])
    assert sorted(found) == list(range(200, 250))
    np.testing.assert_array_equal(
        splits["validation_labels"], own.test_labels[np.subtract(found, 200)]
    )
    train, test = numbers(splits["train_images"]), numbers(splits["test_images"])
    assert sorted(train + test) == list(range(200))
    assert len(test) == 40


def test_where_all_splits_are_the_data_sets_own_each_begins_with_a_sample() -> None:
    sorted_by_class = np.repeat([0, 1, 2], [30, 20, 10])
    own = raw(sorted_by_class, test_labels=sorted_by_class)

    splits = split_images(
        replace(own, validation_images=own.test_images, validation_labels=own.test_labels),
        PARAMS,
        None,
    )

    for name in ("train", "validation", "test"):
        assert sorted(splits[f"{name}_labels"]) == sorted(sorted_by_class)
        assert np.abs(np.bincount(splits[f"{name}_labels"][:12]) - [6, 4, 2]).max() <= 1
    assert sorted(numbers(splits["train_images"])) == list(range(60))


def test_the_first_test_images_are_a_sample_of_all_classes_and_the_whole_file() -> None:
    sorted_by_class = np.repeat([0, 1, 2], [30, 20, 10])

    splits = split_images(raw(np.zeros(200, np.int64), test_labels=sorted_by_class), PARAMS, None)

    assert np.abs(np.bincount(splits["test_labels"][:12]) - [6, 4, 2]).max() <= 1
    of_class_0 = [n for n in numbers(splits["test_images"])[:20] if n < 230]
    assert max(of_class_0) > 215


def test_the_splits_seed_decides_the_split() -> None:
    first, again, other = (
        numbers(
            split_images(
                raw(np.arange(200) % 3),
                PARAMS.model_copy(update={"split_seed": split_seed}),
                None,
            )["train_images"]
        )
        for split_seed in (1, 1, 2)
    )

    assert first == again != other


def test_images_become_float32_in_the_unit_range_and_no_node_changes_them_for_others() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 5, 3, 3), dtype=np.uint8)
    pixels[0, 0, 0] = [0, 255, 128]

    splits = split_images(RawImages(pixels, np.zeros(30, np.int64)), PARAMS, None)

    images = np.concatenate(
        [splits[f"{name}_images"][:] for name in ("train", "validation", "test")]
    )
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (0, 1)
    np.testing.assert_array_equal(np.unique(images), np.unique(pixels / np.float32(255)))
    splits["train_images"][:][:] = 0
    assert splits["train_images"][:].any()


def test_float_images_keep_their_values() -> None:
    images = np.random.default_rng(0).random((30, 5, 3, 3), dtype=np.float32)

    splits = split_images(RawImages(images, np.zeros(30, np.int64)), PARAMS, None)

    assert np.isin(splits["train_images"][:], images).all()


@pytest.mark.parametrize(
    "labels",
    [np.array([0] * 49 + [1]), np.arange(50), np.full(50, UNLABELLED)],
    ids=["a class of one", "more classes than test images", "no labels"],
)
def test_images_that_cannot_be_stratified_are_split_all_the_same(
    labels: Labels, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        splits = split_images(raw(labels), PARAMS, None)

    assert [len(splits["train_images"]), len(splits["test_images"])] == [36, 10]
    is_labelled = labels[0] != UNLABELLED
    assert ("too small" in caplog.text) == is_labelled


@pytest.mark.parametrize("fraction", [0.01, 0.99])
def test_no_split_is_left_empty(fraction: float) -> None:
    params = ingest_params(validation_fraction=fraction, test_fraction=fraction, split_seed=0)

    splits = split_images(raw(np.zeros(9, np.int64)), params, None)

    assert [len(splits[f"{name}_images"]) for name in ("train", "validation", "test")] == [3, 3, 3]


def test_the_description_counts_and_its_digest_notices_one_pixel_and_one_label() -> None:
    raw_images = replace(raw(np.arange(100) % 3), reading={"changed": {"made grey": 2}})
    splits = split_images(raw_images, PARAMS, None)
    altered_image, altered_label = splits["test_images"][:], splits["test_labels"].copy()
    altered_image[0, 0, 0] += 0.01
    altered_label[0] = (altered_label[0] + 1) % 3

    plain = describe_data(raw_images, **splits)
    others = [
        describe_data(raw_images, **(splits | change))
        for change in ({"test_images": altered_image}, {"test_labels": altered_label})
    ]

    assert plain["changed"] == {"made grey": 2}
    assert plain["image"] == {"height": 3, "width": 2, "channels": 1}
    assert [plain[name]["images"] for name in ("train", "validation", "test")] == [72, 8, 20]
    assert sum(plain["train"]["images_by_class"].values()) == 72
    digests = [description["test"]["sha256"] for description in (plain, *others)]
    assert len(set(digests)) == 3
    assert all(other["train"] == plain["train"] for other in others)


@pytest.mark.parametrize(
    ("highest", "is_said"), [(17, True), (80, False), (255, False), (0, False)]
)
def test_dark_images_are_said_with_what_mends_them(
    highest: int, is_said: bool, caplog: pytest.LogCaptureFixture
) -> None:
    pixels = np.random.default_rng(0).integers(0, highest + 1, (40, 5, 3, 1), dtype=np.uint8)
    pixels[0] = highest
    raw_images = RawImages(pixels, np.arange(40) % 2)

    described = describe_data(raw_images, **split_images(raw_images, PARAMS, None))

    of_splits = [described[split]["highest_intensity"] for split in ("train", "validation", "test")]
    assert max(of_splits) == pytest.approx(highest / 255, abs=1e-6)
    assert ("their brightest pixel is 0.0667" in caplog.text) == is_said
    assert ("ingest.brightest says which number" in caplog.text) == is_said


def test_arrays_in_fortrans_order_are_described_alike() -> None:
    pixels = np.random.default_rng(0).random((30, 5, 3, 3), dtype=np.float32)
    labels = np.zeros(30, np.int64)

    raws = [
        RawImages(images, labels, test_images=images, test_labels=labels)
        for images in (pixels, np.asfortranarray(pixels))
    ]

    described = [describe_data(some, **split_images(some, PARAMS, None)) for some in raws]

    assert described[0] == described[1]


def test_samples_are_drawn_by_class_where_there_are_labels() -> None:
    splits = split_images(raw(np.arange(300) % 4), PARAMS, None)
    images, labels = splits["train_images"], splits["train_labels"]

    by_class = draw_samples(images, labels, splits["class_names"])
    unlabelled = draw_samples(images, np.full_like(labels, UNLABELLED), {})

    assert [axes.get_ylabel() for axes in by_class.axes] == ["0", "1", "2", "3"]
    assert {axes.get_ylabel() for axes in unlabelled.axes} == {""}


def test_classes_keep_their_names_and_are_called_by_their_number_otherwise() -> None:
    plain = raw(np.arange(100) % 3)
    named = replace(plain, class_names={0: "cat", 2: "emu"})

    splits = split_images(named, PARAMS, None)

    assert splits["class_names"] == {0: "cat", 1: "1", 2: "emu"}
    summary = describe_data(named, **splits)
    assert list(summary["test"]["images_by_class"]) == ["cat", "1", "emu"]
    figure = draw_samples(splits["train_images"], splits["train_labels"], splits["class_names"])
    assert [axes.get_ylabel() for axes in figure.axes] == ["cat", "1", "emu"]


@pytest.mark.parametrize("split_seed", range(8))
def test_what_is_of_classes_before_the_split_is_so_after_it(split_seed: int) -> None:
    params = PARAMS.model_copy(update={"split_seed": split_seed, "test_fraction": 0.8})
    for n_rare in (1, 2):
        labels = np.zeros(40, np.int64)
        labels[-n_rare:] = 1

        splits = split_images(raw(labels), params, None)

        assert splits["has_classes"]
        assert set(splits["train_labels"].tolist()) == {0, 1}
        rows = [splits[f"{name}_images"].rows for name in ("train", "validation", "test")]
        assert sorted(np.concatenate(rows)) == list(range(40))


@pytest.mark.parametrize("unlabelled", ["train", "validation", "test"])
def test_where_a_split_has_no_labels_there_are_no_classes(unlabelled: str) -> None:
    own = raw(np.arange(60) % 3, test_labels=np.arange(30) % 3)
    with_all = replace(own, validation_images=own.test_images, validation_labels=own.test_labels)
    labels = getattr(with_all, f"{unlabelled}_labels")
    without = replace(with_all, **{f"{unlabelled}_labels": np.full_like(labels, UNLABELLED)})

    assert split_images(with_all, PARAMS, None)["has_classes"]
    assert not split_images(without, PARAMS, None)["has_classes"]


@pytest.mark.parametrize("is_varied", [True, False])
@pytest.mark.parametrize("n_classes", [1, 2])
def test_too_little_to_learn_or_to_tell_apart_is_said(
    is_varied: bool, n_classes: int, caplog: pytest.LogCaptureFixture
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 5, 3, 1), dtype=np.uint8)
    images = pixels if is_varied else np.repeat(pixels[:1], 40, axis=0)

    split_images(RawImages(images, np.arange(40) % n_classes), PARAMS, None)

    assert ("All images are the same" in caplog.text) == (not is_varied)
    assert ("All training images are of one class" in caplog.text) == (n_classes == 1)


def test_only_the_normal_class_is_trained_on_and_the_others_are_anomalies() -> None:
    labels = np.arange(300) % 3
    named = replace(raw(labels), class_names={0: "cat", 1: "dog", 2: "emu"})

    splits = split_images(named, PARAMS, "dog")

    for name in ("train", "validation"):
        assert set(splits[f"{name}_labels"]) == {1}
        assert {number % 3 for number in numbers(splits[f"{name}_images"])} == {1}
    assert np.bincount(splits["test_labels"]).tolist() == [100, 20, 100]
    assert len(set(numbers(splits["test_images"]))) == 220
    np.testing.assert_array_equal(splits["test_anomalies"], splits["test_labels"] != 1)
    assert [len(splits[f"{name}_labels"]) for name in ("train", "validation")] == [72, 8]


def test_rare_anomalies_are_all_tested() -> None:
    splits = split_images(raw(np.repeat([0, 1], [100, 2])), PARAMS, "0")

    assert splits["test_anomalies"].sum() == 2


def test_of_validation_images_only_the_normal_ones_are_used() -> None:
    images = replace(
        raw(np.zeros(40, np.int64), test_labels=np.arange(20) % 2),
        validation_images=raw(np.zeros(20, np.int64)).train_images,
        validation_labels=np.arange(20) % 2,
    )

    splits = split_images(images, PARAMS, None)

    assert splits["validation_labels"].tolist() == [0] * 10
    assert len(splits["train_labels"]) == 40


def test_test_images_of_other_classes_than_the_one_to_train_on_are_anomalies() -> None:
    one_class = raw(np.zeros(40, np.int64), test_labels=np.arange(20) % 2)

    splits = split_images(one_class, PARAMS, None)

    assert splits["test_anomalies"].sum() == 10
    assert describe_data(one_class, **splits)["test_anomalies"] == 10


@pytest.mark.parametrize(
    ("labels", "test_labels"),
    [
        (np.arange(40) % 2, np.arange(20) % 2),
        (np.zeros(40, np.int64), np.zeros(20, np.int64)),
        (np.zeros(40, np.int64), np.ones(20, np.int64)),
        (np.full(40, UNLABELLED), np.arange(20) % 2),
        (np.zeros(40, np.int64), np.full(20, UNLABELLED)),
    ],
    ids=["two classes", "none of others", "only others", "no labels", "no test labels"],
)
def test_otherwise_there_are_no_anomalies(labels: Labels, test_labels: Labels) -> None:
    splits = split_images(raw(labels, test_labels=test_labels), PARAMS, None)

    assert not splits["test_anomalies"].any()


def test_unlabelled_images_are_trained_on_beside_the_normal_class() -> None:
    labels = np.where(np.arange(60) < 40, UNLABELLED, np.arange(60) % 2)
    images = raw(labels, test_labels=np.arange(20) % 2)

    splits = split_images(images, PARAMS, "0")

    found = np.concatenate([splits["train_labels"], splits["validation_labels"]])
    assert np.unique(found, return_counts=True)[1].tolist() == [40, 10]
    assert splits["test_anomalies"].sum() == 10
