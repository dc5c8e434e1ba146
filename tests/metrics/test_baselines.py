import numpy as np
import pytest
from sklearn.datasets import load_digits

from autoencoder_lab.images.arrays import Images
from autoencoder_lab.images.samples import draw_budgets
from autoencoder_lab.metrics import baselines
from autoencoder_lab.metrics.baselines import (
    as_points,
    few_label_accuracies,
    fit_pca,
    pca_codings,
    pca_curve,
    pca_mse,
)

from ..stored_images import stored


@pytest.fixture(scope="module")
def digits() -> Images:
    return (load_digits().images[..., np.newaxis] / 16).astype(np.float32)


def of_rank(rank: int, n: int, *, basis_seed: int) -> Images:
    basis = np.random.default_rng(basis_seed).random((rank, 6 * 5 * 2))
    weights = np.random.default_rng(n).random((n, rank)) / rank
    return (weights @ basis).reshape(n, 6, 5, 2).astype(np.float32)


def test_images_of_few_dimensions_are_reconstructed_without_error() -> None:
    train, test = of_rank(3, 80, basis_seed=0), of_rank(3, 50, basis_seed=0)

    assert pca_mse(stored(train), test, n_components=3, seed=0) < 1e-10
    assert pca_mse(stored(train), test, n_components=1, seed=0) > 1e-4


def test_more_components_are_better_down_to_nothing(digits: Images) -> None:
    train, test = digits[:1400], digits[1400:]

    errors = [pca_mse(stored(train), test, n_components=n, seed=0) for n in (1, 10, 30, 64, 1000)]

    assert errors == sorted(errors, reverse=True)
    assert errors[0] < test.var(axis=0).mean()
    assert errors[-2:] == pytest.approx([0, 0], abs=1e-10)


def test_components_are_those_of_the_training_images_alone() -> None:
    # The cheat: components that were fitted on the test images, too.
    train, test = of_rank(3, 80, basis_seed=0), of_rank(3, 50, basis_seed=1)

    assert pca_mse(stored(train), test, n_components=3, seed=0) > 1e-3
    assert pca_mse(stored(test), test, n_components=3, seed=0) < 1e-10


def test_pcas_curve_is_its_error_at_each_number_of_components(digits: Images) -> None:
    train, test = digits[:1400], digits[1400:]

    curve = pca_curve(stored(train), test, seed=0)

    assert curve["components"].tolist() == list(range(1, 65))
    for n in (1, 10, 30, 64):
        expected = pca_mse(stored(train), test, n_components=n, seed=0)
        assert curve["mse"][n - 1] == pytest.approx(expected, rel=1e-3, abs=1e-9)


def striped(n: int, seed: int) -> tuple[Images, np.ndarray]:
    """Return images whose bright row is their class."""
    labels = 10 * (np.arange(n) % 5)
    images = np.random.default_rng(seed).uniform(0, 0.3, (n, 5, 3, 1)).astype(np.float32)
    images[np.arange(n), labels // 10] += 0.6
    return images, labels


@pytest.mark.parametrize("kind", ["logistic", "nearest"])
def test_few_labels_are_enough_where_classes_are_plain_and_chance_where_they_are_not(
    kind: str,
) -> None:
    (train, labels), (test, test_labels) = striped(300, 0), striped(200, 1)
    points = as_points(stored(train), stored(test))
    random_labels = np.random.default_rng(0).permutation(labels)
    plain, not_plain = (
        draw_budgets(some, [20, 50], n_draws=3, seed=0) for some in (labels, random_labels)
    )

    of_plain, of_random = (
        few_label_accuracies(points[0], some, points[1], test_labels, draws)[
            f"baseline/pixels_{kind}"
        ]
        for some, draws in ((labels, plain), (random_labels, not_plain))
    )

    assert of_plain.index.tolist() == [(n, draw) for n in (20, 50) for draw in (0, 1, 2)]
    assert of_plain.min() == 1
    assert of_random.mean() == pytest.approx(0.2, abs=0.15)


def test_pca_is_fitted_on_as_many_images_as_fit(
    digits: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "NUMBERS_FITTED", 64 * 200)
    other_after_200 = np.concatenate([digits[:200], 1 - digits[200:]])

    few, same = (
        fit_pca(stored(some), n_components=5, seed=0) for some in (digits, other_after_200)
    )
    at_least_10_each = fit_pca(stored(digits), n_components=30, seed=0)

    np.testing.assert_array_equal(few.components_, same.components_)
    assert at_least_10_each.n_samples_ == 300


def test_distances_between_large_images_are_those_between_their_components(
    digits: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "MOST_PIXELS", 50)
    train, test = stored(digits[:500]), stored(digits[500:600])

    points, test_points = as_points(train, test)

    assert points.shape == (500, 64)
    between = np.linalg.norm(points - test_points[0], axis=1)
    between_pixels = np.linalg.norm((digits[:500] - digits[500]).reshape(500, -1), axis=1)
    np.testing.assert_allclose(between, between_pixels, rtol=1e-3)


def test_no_more_than_a_sample_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "SAMPLE", 20)
    images, _ = striped(50, 0)

    made = (
        as_points(stored(images), stored(images)),
        pca_codings(stored(images), stored(images), n_components=3, seed=0),
    )

    assert [len(points) for pair in made for points in pair] == [20] * 4


def test_a_budget_of_one_class_says_that_class() -> None:
    images, labels = striped(200, 0)
    rare = np.where(np.arange(200) == 7, 10, 0)
    draws = draw_budgets(rare, [3], n_draws=2, seed=0)
    assert all((rare[draw.images] == 0).all() for draw in draws.draws)

    [pixels, _] = as_points(stored(images), stored(images))

    accuracies = few_label_accuracies(pixels, rare, pixels, labels, draws)

    assert (accuracies == 0.2).all(axis=None)
