import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from autoencoder_lab.metrics.samples import (
    Features,
    class_metrics,
    frechet_distance,
    manifold_metrics,
    nearest,
    novelty,
    trained_accuracy,
)


@pytest.fixture(scope="module")
def digits() -> tuple[Features, np.ndarray]:
    """Return the pixels of all digits in a random order, and their classes."""
    pixels, classes = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(pixels))
    features = (pixels[order] / 16).astype(np.float32)
    features.setflags(write=False)
    return features, classes[order]


@pytest.fixture
def real(digits: tuple[Features, np.ndarray]) -> Features:
    return digits[0][:898]


@pytest.fixture
def others(digits: tuple[Features, np.ndarray]) -> Features:
    """Return real images, too, in the place of samples."""
    return digits[0][898:]


def noise(n: int) -> Features:
    return np.random.default_rng(1).uniform(0, 1, (n, 64)).astype(np.float32)


def copies(images: Features, n_different: int = 10) -> Features:
    return np.resize(images[:n_different], images.shape)


def blurred(images: Features) -> Features:
    """Return samples of a normal distribution over few principal components."""
    pca = PCA(10).fit(images)
    rng = np.random.default_rng(2)
    codings = rng.normal(0, 0.7, (len(images), 10)) * np.sqrt(pca.explained_variance_)
    return np.asarray(pca.inverse_transform(codings), np.float32)


def test_normal_distributions_are_as_far_apart_as_the_formula_says() -> None:
    rng = np.random.default_rng(0)
    narrow = rng.normal(0, 1, (200_000, 3)).astype(np.float32)
    wide = rng.normal(2, 3, (200_000, 3)).astype(np.float32)

    # Of each number: (2 - 0)² + 1 + 9 - 2 * 3
    assert frechet_distance(narrow, wide) == pytest.approx(3 * 8, rel=0.01)
    assert frechet_distance(wide, narrow) == pytest.approx(3 * 8, rel=0.01)


def test_features_that_are_correlated_need_the_root_of_a_matrix() -> None:
    rng = np.random.default_rng(0)
    round_ = rng.normal(0, 1, (200_000, 2))
    slanted = round_ @ np.array([[2, 0], [1, 1]])

    # The other covariance is the identity, so that the trace of the root is that of the stretching:
    # the sum of its singular values.
    stretched = np.linalg.svd([[2, 0], [1, 1]], compute_uv=False)
    expected = np.square(stretched - 1).sum()
    distance = frechet_distance(round_.astype(np.float32), slanted.astype(np.float32))
    assert distance == pytest.approx(expected, rel=0.01)


def test_a_set_is_at_no_distance_from_itself(real: Features) -> None:
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(real[:, :1], real[:, :1]) == pytest.approx(0, abs=1e-9)


@pytest.mark.slow
def test_real_images_are_nearer_than_any_bad_samples(real: Features, others: Features) -> None:
    floor = frechet_distance(real, others)

    assert floor < 0.2
    assert frechet_distance(real, copies(others)) > 3 * floor
    assert frechet_distance(real, blurred(others)) > 3 * floor
    assert frechet_distance(real, noise(len(others))) > 20 * floor


def test_real_images_have_all_that_samples_can_have(real: Features, others: Features) -> None:
    metrics = manifold_metrics(real, others)

    assert metrics["precision"] > 0.75
    assert metrics["recall"] > 0.75
    assert metrics["density"] == pytest.approx(1, abs=0.15)
    assert metrics["coverage"] > 0.9


def test_noise_has_nothing(real: Features) -> None:
    assert manifold_metrics(real, noise(500)) == dict.fromkeys(
        ("precision", "recall", "density", "coverage"), 0
    )


def test_copies_of_few_images_are_precise_but_cover_next_to_nothing(
    real: Features, others: Features
) -> None:
    metrics = manifold_metrics(real, copies(others))

    assert metrics["precision"] > 0.6
    assert metrics["recall"] == 0
    assert metrics["coverage"] < 0.1


def test_samples_without_a_class_leave_its_images_uncovered(
    digits: tuple[Features, np.ndarray], real: Features, others: Features
) -> None:
    classes = digits[1][898:]
    without = others[classes != 3]

    missing = (digits[1][:898] == 3).mean()
    of_all, of_others = manifold_metrics(real, others), manifold_metrics(real, without)
    assert of_others["precision"] == pytest.approx(of_all["precision"], abs=0.03)
    assert of_all["coverage"] - of_others["coverage"] == pytest.approx(missing, abs=0.04)


def test_precision_is_blind_to_blur_where_recall_is_not(real: Features, others: Features) -> None:
    metrics = manifold_metrics(real, blurred(others))

    assert metrics["precision"] > 0.5
    assert metrics["recall"] < 0.3


def test_two_images_and_two_samples_are_enough() -> None:
    pair = np.array([[0, 0], [1, 0]], np.float32)

    assert manifold_metrics(pair, pair) == {
        "precision": 1,
        "recall": 1,
        "density": 2,  # each is in both balls, which reach to one neighbour
        "coverage": 1,
    }


def test_rows_are_all_compared_however_many_there_are_at_a_time(
    real: Features, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, rest = real[:500], real[500:]
    at_once = manifold_metrics(first, rest)

    monkeypatch.setattr("autoencoder_lab.metrics.samples.ROWS_AT_ONCE", 7)

    # Of distances that are equal but for rounding, one may be on the other side.
    assert manifold_metrics(first, rest) == pytest.approx(at_once, abs=0.005)


def test_the_shares_of_the_classes_are_compared() -> None:
    real = np.repeat([0, 1, 2], [50, 30, 20])
    seen = np.repeat([0, 1, 2], [86, 9, 5])
    probabilities = np.full((100, 3), 0.05, np.float32)
    probabilities[np.arange(100), seen] = np.where(np.arange(100) < 40, 0.9, 0.6)

    metrics = class_metrics(probabilities, real)

    assert metrics["classes"] == 1
    assert metrics["class_imbalance"] == pytest.approx(0.36)
    assert metrics["confident"] == pytest.approx(0.4)


def test_samples_of_one_class_are_told() -> None:
    real = np.arange(100) % 10
    probabilities = np.eye(10, dtype=np.float32)[np.full(100, 4)]

    metrics = class_metrics(probabilities, real)

    assert metrics == {"classes": 1, "class_imbalance": pytest.approx(0.9), "confident": 1}
    assert class_metrics(np.eye(10, dtype=np.float32)[real], real)["class_imbalance"] == 0


def test_a_classifier_learns_from_real_images_and_not_from_noise(
    digits: tuple[Features, np.ndarray], real: Features, others: Features
) -> None:
    classes, other_classes = digits[1][:898], digits[1][898:]

    assert trained_accuracy(others, other_classes, real, classes) > 0.95
    assert trained_accuracy(noise(899), other_classes, real, classes) < 0.3
    one_class = other_classes == 7
    only = trained_accuracy(others[one_class], other_classes[one_class], real, classes)
    assert only == (classes == 7).mean()


def test_copies_are_not_new_and_noise_is_newer_than_test_images(
    real: Features, others: Features
) -> None:
    train, test = real, others[:400]

    assert novelty(train, test, others[400:]) == pytest.approx(1, abs=0.05)
    assert novelty(train, test, copies(train)) == pytest.approx(0, abs=1e-2)
    assert novelty(train, test, noise(400)) > 1.5


def test_where_all_images_are_equal_none_is_newer_than_others() -> None:
    equal = np.ones((9, 4), np.float32)

    assert novelty(equal, equal, equal) == 1
    assert np.isfinite(novelty(equal, equal, 2 * equal))
    assert frechet_distance(equal, equal) == 0


def test_the_nearest_is_found_with_its_distance(real: Features) -> None:
    moved = real[5:8] + np.float32(0.01)

    distances, places = nearest(moved, real)

    assert places.tolist() == [5, 6, 7]
    assert distances == pytest.approx(0.08, rel=0.02)
