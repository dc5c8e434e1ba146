"""What is reached without a network."""

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import euclidean_distances

from autoencoder_lab.arrays import Codings, Images, Labels
from autoencoder_lab.samples import LabelDraws

from .reconstruction import mse
from .spreading import spread_accuracies

PCA_COMPONENTS = 30
"""Of the codings that labels spread over, as many as the stacked autoencoder's."""

MOST_COMPONENTS = 300
"""Of PCA's curve: of images, more leave next to no error."""


def pca_mse(train_images: Images, test_images: Images, *, n_components: int, seed: int) -> float:
    """Return the squared error of test images that PCA reconstructs, as `reconstruction.mse` does.

    Args:
        train_images: (n, height, width, channels) in [0, 1]; PCA is fitted on them alone.
        test_images: The same shape.
        n_components: The codings' size; there are never more than pixels or training images.

    Returns:
        0 or more, in squared units of intensity. Lower is better; the least that a linear
        autoencoder with codings of this size can reach on the training images.

    Source: Baldi and Hornik, "Neural Networks and Principal Component Analysis", 1989.
    """
    flat, flat_test = _pixels(train_images), _pixels(test_images)
    pca = PCA(min(n_components, *flat.shape), random_state=seed).fit(flat)
    reconstructions = pca.inverse_transform(pca.transform(flat_test))
    return mse(test_images, reconstructions.reshape(test_images.shape))


def pca_curve(train_images: Images, test_images: Images, *, seed: int) -> pd.DataFrame:
    """Return `pca_mse` by the number of components: `components`, from 1, and `mse`.

    There are never more than `MOST_COMPONENTS`, pixels or training images.
    """
    flat, flat_test = _pixels(train_images), _pixels(test_images)
    pca = PCA(min(MOST_COMPONENTS, *flat.shape), random_state=seed).fit(flat)
    # Components are orthogonal: each takes the square of its coding off the error.
    squared_codings = np.square(pca.transform(flat_test), dtype=np.float64)
    without_any = np.square(flat_test - pca.mean_, dtype=np.float64).sum(axis=1).mean()
    errors = without_any - squared_codings.mean(axis=0).cumsum()
    components = np.arange(1, len(errors) + 1)
    return pd.DataFrame({"components": components, "mse": errors.clip(0) / flat.shape[1]})


def few_label_accuracies(
    train_images: Images,
    train_labels: Labels,
    test_images: Images,
    test_labels: Labels,
    draws: LabelDraws,
) -> pd.DataFrame:
    """Return the test accuracy of logistic regression and the nearest neighbour on pixels.

    Args:
        train_images, test_images: (n, height, width, channels) in [0, 1].
        train_labels, test_labels: (n,). Of the first, only the drawn ones are used.

    Returns:
        `baseline/pixels_logistic` and `baseline/pixels_nearest` in [0, 1], by `labels` and `draw`.
    """
    train_pixels, test_pixels = _pixels(train_images), _pixels(test_images)
    logistic = draws.empty_table("baseline/pixels_logistic")
    nearest = draws.empty_table("baseline/pixels_nearest")
    for draw in draws.draws:
        pixels, labels = train_pixels[draw.images], train_labels[draw.images]
        distances = euclidean_distances(test_pixels, pixels, squared=True)
        for budget in draws.budgets:
            few = labels[:budget]
            is_varied = len(np.unique(few)) > 1
            linear = LogisticRegression(tol=1e-3, max_iter=1000) if is_varied else DummyClassifier()
            fitted = linear.fit(pixels[:budget], few)
            logistic[budget, draw.number] = fitted.score(test_pixels, test_labels)
            predicted = few[distances[:, :budget].argmin(axis=1)]
            nearest[budget, draw.number] = (predicted == test_labels).mean()
    return pd.concat([logistic, nearest], axis=1)


def spread_over_pixels(
    train_images: Images,
    train_labels: Labels,
    test_images: Images,
    test_labels: Labels,
    draws: LabelDraws,
) -> pd.Series:
    """Return `spread_accuracies` of images (n, height, width, channels) taken as codings."""
    pixels, test_pixels = _pixels(train_images), _pixels(test_images)
    spread = spread_accuracies(pixels, train_labels, test_pixels, test_labels, draws)
    return spread.rename("baseline/pixels_spread")


def spread_over_pca(
    train_images: Images,
    train_labels: Labels,
    test_images: Images,
    test_labels: Labels,
    draws: LabelDraws,
    *,
    seed: int,
) -> pd.Series:
    """Return `spread_accuracies` of images on their first `PCA_COMPONENTS` components."""
    pixels, test_pixels = _pixels(train_images), _pixels(test_images)
    pca = PCA(min(PCA_COMPONENTS, *pixels.shape), random_state=seed).fit(pixels)
    codings, test_codings = pca.transform(pixels), pca.transform(test_pixels)
    spread = spread_accuracies(codings, train_labels, test_codings, test_labels, draws)
    return spread.rename("baseline/pca_spread")


def _pixels(images: Images) -> Codings:
    return images.reshape(len(images), -1)
