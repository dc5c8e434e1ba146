from collections.abc import Callable

import numpy as np
import pytest

from autoencoder_lab.images.arrays import Codings, Labels
from autoencoder_lab.metrics.codings import cluster_nmi, knn_accuracy, linear_probe

Accuracy = Callable[[Codings, Labels, Codings, Labels], float]

N_CLASSES = 4
CHANCE = pytest.approx(1 / N_CLASSES, abs=0.07)


def classes(n: int, seed: int) -> Labels:
    return np.random.default_rng(seed).integers(N_CLASSES, size=n)


def blobs(labels: Labels, *, width: int = 10, seed: int = 0) -> Codings:
    """Return codings in tight groups, a group a class."""
    noise = np.random.default_rng(seed).normal(0, 0.1, (len(labels), width))
    return (5 * np.eye(width)[labels] + noise).astype(np.float32)


def noise(n: int, *, width: int = 10, seed: int = 0) -> Codings:
    return np.random.default_rng(seed).normal(size=(n, width)).astype(np.float32)


def linear_accuracy(
    train_codings: Codings, train_labels: Labels, codings: Codings, labels: Labels
) -> float:
    return linear_probe(train_codings, train_labels)(codings, labels)


TRAIN, TEST = classes(400, 0), classes(500, 1)
probes = pytest.mark.parametrize("accuracy", [linear_accuracy, knn_accuracy])


@probes
def test_classes_in_groups_of_their_own_are_all_found(accuracy: Accuracy) -> None:
    assert accuracy(blobs(TRAIN), TRAIN, blobs(TEST, seed=1), TEST) == 1


@probes
def test_codings_of_nothing_give_chance(accuracy: Accuracy) -> None:
    assert accuracy(noise(400), TRAIN, noise(500, seed=1), TEST) == CHANCE


@probes
def test_telling_training_images_apart_by_number_gives_chance(accuracy: Accuracy) -> None:
    # The cheat: codings by which a probe can learn all training labels by heart.
    numbers, unseen = np.eye(400, dtype=np.float32), noise(500, width=400)

    assert linear_accuracy(numbers, TRAIN, numbers, TRAIN) > 0.9
    assert accuracy(numbers, TRAIN, unseen, TEST) == CHANCE


def test_a_linear_probe_cannot_use_what_only_a_curve_can_tell() -> None:
    train, test = noise(400, width=2), noise(500, width=2, seed=1)
    train_labels, labels = ((c[:, 0] * c[:, 1] > 0).astype(int) for c in (train, test))

    assert linear_accuracy(train, train_labels, test, labels) < 0.65
    assert knn_accuracy(train, train_labels, test, labels) > 0.9


def test_the_scale_of_a_coding_does_not_matter_to_the_linear_probe() -> None:
    scales = np.logspace(-3, 3, 10).astype(np.float32)

    scaled = linear_accuracy(scales * blobs(TRAIN), TRAIN, scales * blobs(TEST, seed=1), TEST)

    assert scaled == 1


def test_dead_codings_and_a_single_class_are_no_obstacle() -> None:
    dead = np.zeros((400, 3), np.float32)
    one_class = np.zeros(400, np.int64)

    assert linear_accuracy(dead, TRAIN, np.zeros((500, 3), np.float32), TEST) == CHANCE
    assert linear_accuracy(dead, one_class, dead, np.repeat([0, 1], [300, 100])) == 0.75
    assert cluster_nmi(noise(400), one_class, seed=0) == 1


def test_fewer_training_codings_than_neighbours_are_enough() -> None:
    labels = np.array([0, 0, 1])

    assert knn_accuracy(blobs(labels), labels, blobs(labels), labels) == pytest.approx(2 / 3)


@pytest.mark.slow
def test_clusters_that_are_the_classes_score_1_whatever_their_numbers() -> None:
    assert cluster_nmi(blobs(TEST), TEST, seed=0) == pytest.approx(1)
    assert cluster_nmi(blobs(TEST), N_CLASSES - 1 - TEST, seed=0) == pytest.approx(1)


@pytest.mark.slow
def test_clusters_of_nothing_score_0() -> None:
    assert cluster_nmi(noise(500), TEST, seed=0) < 0.05


def test_groups_that_are_not_the_classes_score_0() -> None:
    # The cheat: tight groups look like structure.
    assert cluster_nmi(blobs(classes(500, 7)), TEST, seed=0) < 0.05
