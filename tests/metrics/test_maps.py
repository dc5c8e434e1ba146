import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from autoencoder_lab.metrics.maps import tsne_trustworthiness


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
