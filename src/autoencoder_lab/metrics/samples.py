"""How samples of a generator compare with real images, in features of both.

Features are what a classifier of the real images computes below its softmax layer, or principal
components of the pixels: (n, numbers). Values by different features do not compare.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import KNeighborsClassifier

from autoencoder_lab.images.arrays import Labels

Features = npt.NDArray[np.float32]
Probabilities = npt.NDArray[np.float32]
Distances = npt.NDArray[np.float32]

MANIFOLD_NEIGHBOURS = 3
COVERAGE_NEIGHBOURS = 5
CLASSIFIER_NEIGHBOURS = 5

CONFIDENT = 0.9
"""The probability of a class from which a sample is clearly of it."""

FOUND = 0.5
"""Of a class' share among real images: a class is found where samples have as much."""

ROWS_AT_ONCE = 1000

SMALLEST_DISTANCE = 1e-12


def frechet_distance(real: Features, samples: Features) -> float:
    """Return the Fréchet distance between normal distributions fitted to both.

    Args:
        real, samples: (n, numbers) and (m, numbers), n and m 2 or more.

    Returns:
        0 or more, in squared units of the features. Lower is better; equal means and covariances
        give 0, whatever else differs.

    Source: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
    Equilibrium", NIPS 2017.
    """
    (mean, covariance), (other_mean, other_covariance) = map(_moments, (real, samples))
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    # As many as those of the product of the covariances, which is not symmetric.
    values = np.linalg.eigvalsh(root @ other_covariance @ root)
    trace_of_root = np.sqrt(values.clip(0)).sum()
    apart = np.square(mean - other_mean).sum()
    distance = apart + np.trace(covariance) + np.trace(other_covariance) - 2 * trace_of_root
    return max(float(distance), 0.0)


def manifold_metrics(real: Features, samples: Features) -> dict[str, float]:
    """Return `precision`, `recall`, `density` and `coverage`.

    A ball around each image reaches to its k-th nearest of the same kind. `precision`: the share of
    samples within a ball of a real image, and `recall`, of real images within a sample's, both with
    k = 3. `density`: within how many balls of real images a sample lies, over k, and `coverage`:
    the share of real images with a sample in their balls, both with k = 5.

    Args:
        real, samples: (n, numbers) and (m, numbers), n and m 2 or more.

    Returns:
        In [0, 1]; density 0 or more, and about 1 where both come from one distribution. Higher is
        better. Samples that are blurred towards the middle of the data have a high precision and
        density; copies of few images have both, but hardly any recall and coverage.

    Sources: Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative
    Models", NeurIPS 2019; Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative
    Models", ICML 2020.
    """
    radii, wide_radii = _radii(real, MANIFOLD_NEIGHBOURS, COVERAGE_NEIGHBOURS)
    [sample_radii] = _radii(samples, MANIFOLD_NEIGHBOURS)
    n_precise, n_within = 0, 0
    is_recalled = np.zeros(len(real), bool)
    is_covered = np.zeros(len(real), bool)
    for rows, distances in _distances(samples, real):
        n_precise += int((distances <= radii).any(axis=1).sum())
        is_within = distances <= wide_radii
        n_within += int(is_within.sum())
        is_covered |= is_within.any(axis=0)
        is_recalled |= (distances <= sample_radii[rows, np.newaxis]).any(axis=0)
    n_neighbours = min(COVERAGE_NEIGHBOURS, len(real) - 1)
    return {
        "precision": n_precise / len(samples),
        "recall": float(is_recalled.mean()),
        "density": n_within / (n_neighbours * len(samples)),
        "coverage": float(is_covered.mean()),
    }


def class_metrics(probabilities: Probabilities, real_labels: Labels) -> dict[str, float]:
    """Return `classes`, `class_imbalance` and `confident`, as a classifier sees the samples.

    `classes`: how many have at least half the share that they have among real images.
    `class_imbalance`: half the sum of the differences between these shares. `confident`: the share
    of samples whose class has a probability of 0.9 or more.

    Args:
        probabilities: (n, classes), of the samples.
        real_labels: (n,), from 0 to the number of classes - 1.

    Returns:
        All but the first in [0, 1]. Samples of one class have an imbalance of 1 minus its share.
    """
    n_classes = probabilities.shape[1]
    real, samples = (
        np.bincount(labels, minlength=n_classes) / len(labels)
        for labels in (real_labels, probabilities.argmax(axis=1))
    )
    return {
        "classes": int(((samples >= FOUND * real) & (real > 0)).sum()),
        "class_imbalance": float(np.abs(samples - real).sum() / 2),
        "confident": float((probabilities.max(axis=1) >= CONFIDENT).mean()),
    }


def trained_accuracy(
    samples: Features, sample_labels: Labels, real: Features, real_labels: Labels
) -> float:
    """Return the accuracy, on real images, of 5 nearest neighbours among the samples.

    Args:
        samples, real: (n, numbers) and (m, numbers), of the pixels: a classifier's features would
            tell its classes again.
        sample_labels: (n,), as a classifier of real images sees them.
        real_labels: (m,).

    Returns:
        In [0, 1]. Higher is better; real training images in the place of samples give what can be
        reached, and samples of one class, its share.

    Source: Ravuri and Vinyals, "Classification Accuracy Score for Conditional Generative Models",
    NeurIPS 2019.
    """
    n_neighbours = min(CLASSIFIER_NEIGHBOURS, len(samples))
    classifier = KNeighborsClassifier(n_neighbours, algorithm="brute")
    return float(classifier.fit(samples, sample_labels).score(real, real_labels))


def nearest(features: Features, others: Features) -> tuple[Distances, Labels]:
    """Return how far away the nearest of the others is from each (n,), and which it is (n,)."""
    pairs = [
        (squared.min(axis=1), squared.argmin(axis=1)) for _, squared in _distances(features, others)
    ]
    squared, places = (np.concatenate(part) for part in zip(*pairs, strict=True))
    return np.sqrt(squared), places


def novelty(train: Features, test: Features, samples: Features) -> float:
    """Return the median distance of samples to their nearest training images, over the test's.

    Args:
        train, test, samples: (n, numbers), of any n.

    Returns:
        0 or more. About 1 for samples that are as new as test images; 0 for copies of training
        images, and above 1 for what is unlike them.
    """
    of_samples, of_test = (
        float(np.median(nearest(images, train)[0])) for images in (samples, test)
    )
    if of_samples == of_test:
        return 1.0
    return of_samples / max(of_test, SMALLEST_DISTANCE)


def _moments(features: Features) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    wide = features.astype(np.float64)
    return wide.mean(axis=0), np.atleast_2d(np.cov(wide, rowvar=False))


def _radii(features: Features, *neighbours: int) -> list[Distances]:
    """Return each one's squared distance to its k-th nearest other, for each k."""
    ranks = [min(k, len(features) - 1) for k in neighbours]  # the first is the image itself
    parts = [np.partition(squared, ranks, axis=1)[:, ranks] for _, squared in _distances(features)]
    return list(np.concatenate(parts).T)


def _distances(
    features: Features, others: Features | None = None
) -> Iterator[tuple[slice, Distances]]:
    """Yield squared distances to all others, or to all of its own, of a chunk of rows at a time."""
    others = features if others is None else others
    # Around the middle, where fewer digits are lost than far from 0.
    middle = others.mean(axis=0)
    features, others = features - middle, others - middle
    squares = np.square(others).sum(axis=1)
    for start in range(0, len(features), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        chunk = features[rows]
        squared = np.square(chunk).sum(axis=1)[:, np.newaxis] + squares - 2 * chunk @ others.T
        yield rows, squared.clip(0, out=squared)
