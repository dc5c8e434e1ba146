import numpy as np
import pytest
from sklearn.datasets import load_digits

from autoencoder_lab.arrays import Images
from autoencoder_lab.metrics.baselines import (
    few_label_accuracies,
    pca_curve,
    pca_mse,
    spread_over_pca,
    spread_over_pixels,
)
from autoencoder_lab.samples import draw_budgets


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


def test_pcas_curve_is_its_error_at_each_number_of_components(digits: Images) -> None:
    train, test = digits[:1400], digits[1400:]

    curve = pca_curve(train, test, seed=0)

    assert curve["components"].tolist() == list(range(1, 65))
    for n in (1, 10, 30, 64):
        expected = pca_mse(train, test, n_components=n, seed=0)
        assert curve["mse"][n - 1] == pytest.approx(expected, rel=1e-3, abs=1e-9)


def striped(n: int, seed: int) -> tuple[Images, np.ndarray]:
    """Return images whose bright row is their class."""
    labels = 10 * (np.arange(n) % 5)
    images = np.random.default_rng(seed).uniform(0, 0.3, (n, 5, 3, 1)).astype(np.float32)
    images[np.arange(n), labels // 10] += 0.6
    return images, labels


FEW_LABELS = {
    "pixels_logistic": lambda *data: few_label_accuracies(*data)["baseline/pixels_logistic"],
    "pixels_nearest": lambda *data: few_label_accuracies(*data)["baseline/pixels_nearest"],
    "pixels_spread": spread_over_pixels,
    "pca_spread": lambda *data: spread_over_pca(*data, seed=0),
}


@pytest.mark.parametrize("baseline", FEW_LABELS)
def test_few_labels_are_enough_where_classes_are_plain_and_chance_where_they_are_not(
    baseline: str,
) -> None:
    train, test = striped(300, 0), striped(200, 1)
    random_labels = np.random.default_rng(0).permutation(train[1])
    plain, not_plain = (
        draw_budgets(labels, [20, 50], n_draws=3, seed=0) for labels in (train[1], random_labels)
    )

    of_plain = FEW_LABELS[baseline](*train, *test, plain)
    of_random = FEW_LABELS[baseline](train[0], random_labels, *test, not_plain)

    assert of_plain.name == f"baseline/{baseline}"
    assert of_plain.index.tolist() == [(n, draw) for n in (20, 50) for draw in (0, 1, 2)]
    assert of_plain.min() == 1
    assert of_random.mean() == pytest.approx(0.2, abs=0.15)


def test_a_budget_of_one_class_says_that_class() -> None:
    images, labels = striped(200, 0)
    rare = np.where(np.arange(200) == 7, 10, 0)
    draws = draw_budgets(rare, [3], n_draws=2, seed=0)
    assert all((rare[draw.images] == 0).all() for draw in draws.draws)

    accuracies = few_label_accuracies(images, rare, images, labels, draws)

    assert (accuracies == 0.2).all(axis=None)
