import numpy as np
import pytest
from sklearn.datasets import load_digits

from autoencoder_lab.arrays import Images
from autoencoder_lab.metrics.baselines import pca_mse


@pytest.fixture(scope="module")
def digits() -> Images:
    return (load_digits().images[..., np.newaxis] / 16).astype(np.float32)


def of_rank(rank: int, n: int, *, basis_seed: int) -> Images:
    basis = np.random.default_rng(basis_seed).random((rank, 6 * 5 * 2))
    weights = np.random.default_rng(n).random((n, rank)) / rank
    return (weights @ basis).reshape(n, 6, 5, 2).astype(np.float32)


def test_images_of_few_dimensions_are_reconstructed_without_error() -> None:
    train, test = of_rank(3, 80, basis_seed=0), of_rank(3, 50, basis_seed=0)

    assert pca_mse(train, test, n_components=3, seed=0) < 1e-10
    assert pca_mse(train, test, n_components=1, seed=0) > 1e-4


def test_more_components_are_better_down_to_nothing(digits: Images) -> None:
    train, test = digits[:1400], digits[1400:]

    errors = [pca_mse(train, test, n_components=n, seed=0) for n in (1, 10, 30, 64, 1000)]

    assert errors == sorted(errors, reverse=True)
    assert errors[0] < test.var(axis=0).mean()
    assert errors[-2:] == pytest.approx([0, 0], abs=1e-10)


def test_components_are_those_of_the_training_images_alone() -> None:
    # The cheat: components that were fitted on the test images, too.
    train, test = of_rank(3, 80, basis_seed=0), of_rank(3, 50, basis_seed=1)

    assert pca_mse(train, test, n_components=3, seed=0) > 1e-3
    assert pca_mse(test, test, n_components=3, seed=0) < 1e-10
