import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from autoencoder_lab.metrics.maps import tsne_knn_accuracy, tsne_trustworthiness


def test_a_map_that_keeps_all_neighbours_is_trusted() -> None:
    codings = np.random.default_rng(0).normal(size=(83, 2)).astype(np.float32)

    turned_and_stretched = 3 * codings[:, ::-1]

    assert tsne_trustworthiness(codings, turned_and_stretched) == pytest.approx(1)


def test_a_random_map_is_not() -> None:
    rng = np.random.default_rng(0)
    codings = rng.normal(size=(300, 5)).astype(np.float32)

    points = rng.normal(size=(300, 2)).astype(np.float32)

    assert tsne_trustworthiness(codings, points) == pytest.approx(0.5, abs=0.05)


def test_clusters_do_not_make_up_for_lost_neighbours() -> None:
    rng = np.random.default_rng(0)
    codings = rng.normal(size=(300, 5)).astype(np.float32)

    # The cheat: tight groups look like structure, but these are of unrelated codings.
    groups = np.repeat(rng.normal(size=(30, 2)), 10, axis=0) + rng.normal(0, 1e-3, (300, 2))

    assert tsne_trustworthiness(codings, groups.astype(np.float32)) < 0.6


def test_five_neighbours_are_looked_at_as_in_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    codings, points = rng.normal(size=(50, 4)), rng.normal(size=(50, 2))

    assert tsne_trustworthiness(codings, points) == trustworthiness(codings, points)


@pytest.mark.parametrize("n_images", [3, 10])
def test_few_images_are_enough(n_images: int) -> None:
    codings = np.random.default_rng(0).normal(size=(n_images, 2)).astype(np.float32)

    assert tsne_trustworthiness(codings, codings) == pytest.approx(1)


def test_classes_in_groups_of_their_own_are_all_told_apart() -> None:
    labels = np.arange(60) % 3
    points = 9 * np.eye(3)[labels, :2] + np.random.default_rng(0).random((60, 2))

    assert tsne_knn_accuracy(points.astype(np.float32), labels) == 1


def test_on_a_random_map_classes_are_told_by_chance() -> None:
    rng = np.random.default_rng(0)

    accuracy = tsne_knn_accuracy(rng.normal(size=(900, 2)).astype(np.float32), np.arange(900) % 3)

    assert accuracy == pytest.approx(1 / 3, abs=0.07)


@pytest.mark.parametrize("n_points", [3, 40])
def test_a_point_is_not_its_own_neighbour(n_points: int) -> None:
    # The cheat: with itself among its neighbours, a point that is alone of its class finds it.
    points = np.random.default_rng(0).normal(size=(n_points, 2)).astype(np.float32)

    assert tsne_knn_accuracy(points, np.arange(n_points)) == 0
