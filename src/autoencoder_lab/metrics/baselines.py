"""Baselines that need no network."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from autoencoder_lab.images.arrays import Codings, Images, ImageSource, Indices, Labels, batches
from autoencoder_lab.images.samples import SAMPLE, LabelDraws
from autoencoder_lab.images.sources import StoredImages

MOST_COMPONENTS = 300
"""Of PCA's curve: of images, more leave next to no error."""

MOST_PIXELS = 3072
"""Of images whose pixels are compared as they are: 32 x 32 in colour."""

NUMBERS_FITTED = 2**26
"""That PCA is fitted on: more of MNIST than there is."""


def pca_mse(
    train_images: StoredImages, test_images: ImageSource, *, n_components: int, seed: int
) -> float:
    """Return the squared error of test images that PCA reconstructs, over pixels and images.

    Args:
        train_images: (n, height, width, channels) in [0, 1]; PCA is fitted on them alone, of many
            on the first: see `fit_pca`.
        test_images: The same shape.
        n_components: The codings' size; there are never more than pixels or training images.

    Returns:
        0 or more, in squared units of intensity. Lower is better; the least that a linear
        autoencoder with codings of this size can reach on the training images.

    Source: Baldi and Hornik, "Neural Networks and Principal Component Analysis", 1989.
    """
    pca = fit_pca(train_images, n_components=n_components, seed=seed)
    total = 0.0
    for images in batches(test_images):
        flat = _pixels(images)
        reconstructed = pca.inverse_transform(pca.transform(flat))
        total += len(images) * float(np.square(reconstructed - flat).mean(dtype=np.float64))
    return total / len(test_images)


def pca_curve(train_images: StoredImages, test_images: ImageSource, *, seed: int) -> pd.DataFrame:
    """Return `pca_mse` by the number of components: `components`, from 1, and `mse`.

    There are never more than `MOST_COMPONENTS`, pixels or training images.
    """
    pca = fit_pca(train_images, n_components=MOST_COMPONENTS, seed=seed)
    squared_codings, without_any = np.zeros(pca.n_components_), 0.0
    for images in batches(test_images):
        flat = _pixels(images)
        # Components are orthogonal: each takes the square of its coding off the error.
        squared_codings += np.square(pca.transform(flat), dtype=np.float64).sum(axis=0)
        without_any += float(np.square(flat - pca.mean_, dtype=np.float64).sum())
    errors = (without_any - squared_codings.cumsum()) / len(test_images)
    n_pixels = math.prod(test_images.shape[1:])
    components = np.arange(1, len(errors) + 1)
    return pd.DataFrame({"components": components, "mse": errors.clip(0) / n_pixels})


def fit_pca(images: StoredImages, *, n_components: int, seed: int) -> PCA:
    """Return PCA of the first images: as many as fit in memory, or 10 for each component.

    There are never more components than pixels, or than images that it is fitted on.
    """
    n_pixels = math.prod(images.shape[1:])
    n_fitted = max(NUMBERS_FITTED // n_pixels, 10 * min(n_components, MOST_COMPONENTS))
    flat = _pixels(images.first(n_fitted)[:])
    return PCA(min(n_components, *flat.shape), random_state=seed).fit(flat)


def pca_codings(
    train_images: StoredImages, test_images: StoredImages, *, n_components: int, seed: int
) -> tuple[Codings, Codings]:
    """Return the components (n, n_components) of the first `SAMPLE` images of both."""
    pca = fit_pca(train_images, n_components=n_components, seed=seed)
    train, test = (
        np.concatenate([pca.transform(_pixels(part)) for part in batches(images.first(SAMPLE))])
        for images in (train_images, test_images)
    )
    return train, test


def as_points(train_images: StoredImages, test_images: StoredImages) -> tuple[Codings, Codings]:
    """Return the first `SAMPLE` images of both, flat: (n, pixels).

    Images of more than `MOST_PIXELS` numbers are their first `MOST_COMPONENTS` components, between
    which distances are nearly those between pixels.
    """
    if math.prod(train_images.shape[1:]) > MOST_PIXELS:
        return pca_codings(train_images, test_images, n_components=MOST_COMPONENTS, seed=0)
    return _pixels(train_images.first(SAMPLE)[:]), _pixels(test_images.first(SAMPLE)[:])


def few_label_accuracies(
    train_pixels: Codings,
    train_labels: Labels,
    test_pixels: Codings,
    test_labels: Labels,
    draws: LabelDraws,
) -> pd.DataFrame:
    """Return the test accuracy of logistic regression and the nearest neighbour on pixels.

    Args:
        train_pixels, test_pixels: (n, pixels), as `as_points` returns them.
        train_labels, test_labels: (n,). Of the first, only the drawn ones are used.

    Returns:
        `baseline/pixels_logistic` and `baseline/pixels_nearest` in [0, 1], by `labels` and `draw`.
    """
    logistic = draws.empty_table("baseline/pixels_logistic")
    nearest = draws.empty_table("baseline/pixels_nearest")
    for draw in draws.draws:
        pixels, labels = train_pixels[draw.images], train_labels[draw.images]
        nearest_few = _nearest_of_first(pixels, test_pixels, draws.budgets)
        for budget in draws.budgets:
            few = labels[:budget]
            is_varied = len(np.unique(few)) > 1
            linear = LogisticRegression(tol=1e-3, max_iter=1000) if is_varied else DummyClassifier()
            fitted = linear.fit(pixels[:budget], few)
            logistic[budget, draw.number] = fitted.score(test_pixels, test_labels)
            nearest[budget, draw.number] = (few[nearest_few[budget]] == test_labels).mean()
    return pd.concat([logistic, nearest], axis=1)


def _nearest_of_first(
    pixels: Codings, test_pixels: Codings, budgets: Sequence[int]
) -> dict[int, Indices]:
    """Return, for each budget, which of so many first pixels are nearest to each test image's."""
    squares = np.square(pixels).sum(axis=1)
    nearest: dict[int, list[Indices]] = {budget: [] for budget in budgets}
    for batch in batches(test_pixels):
        # Squared distances, but for the test image's own square, which changes no order.
        distances = squares - 2 * batch @ pixels.T
        for budget in budgets:
            nearest[budget].append(distances[:, :budget].argmin(axis=1))
    return {budget: np.concatenate(parts) for budget, parts in nearest.items()}


def _pixels(images: Images) -> Codings:
    return images.reshape(len(images), -1)
