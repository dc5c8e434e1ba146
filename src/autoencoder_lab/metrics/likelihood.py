"""How likely a variational autoencoder finds images of black and white pixels."""

import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from autoencoder_lab.images.arrays import NUMBERS_AT_ONCE, Codings, Images, ImageSource

Numbers = npt.NDArray[np.float64]

SMALLEST_PROBABILITY = 1e-7  # a pixel is never certain in single precision
LEAST_VARIANCE = 0.01
"""Of a mean over the images, from which a unit is active."""


class Decode(Protocol):
    """A decoder, from codings to the probability of each pixel to be white."""

    def __call__(self, codings: Codings, /) -> Images: ...


def binarise(images: Images, *, seed: int) -> Images:
    """Return images of black and white pixels, white with a probability of their intensity.

    Source: Salakhutdinov and Murray, "On the Quantitative Analysis of Deep Belief Networks", ICML
    2008.
    """
    threshold = np.random.default_rng(seed).random(images.shape, np.float32)
    return (threshold < images).astype(np.float32)


def likelihood(
    images: ImageSource,
    means: Codings,
    log_variances: Codings,
    decode: Decode,
    *,
    n_draws: int,
    seed: int,
) -> dict[str, float]:
    """Return `elbo`, `iw_bound`, `rate` and `distortion`, in nats: means over the images.

    `elbo` is the evidence lower bound: minus the sum of `rate`, the divergence of an image's
    distribution of codings from the standard normal one, and `distortion`, the cross-entropy of
    reconstructions from drawn codings, summed over pixels. `iw_bound` is the tighter bound of
    importance weights, which comes nearer to the log-likelihood the more codings are drawn.

    Args:
        images: (n, height, width, channels), of black and white pixels. Grey values have no
            likelihood by these probabilities.
        means, log_variances: (n, latent_dim), of each image's distribution of codings.
        n_draws: Codings of each image.

    Returns:
        Rate and distortion are 0 or more; lower distortion is better. Bounds are 0 or less; higher
        is better.

    Sources: Kingma and Welling, "Auto-Encoding Variational Bayes", ICLR 2014; Burda, Grosse and
    Salakhutdinov, "Importance Weighted Autoencoders", ICLR 2016; Alemi et al., "Fixing a Broken
    ELBO", ICML 2018.
    """
    variances = np.exp(log_variances, dtype=np.float64)
    divergence = (variances + np.square(means, dtype=np.float64) - 1 - log_variances) / 2
    distortions, bounds = [], []
    for log_pixels, log_ratios in _draws(images, means, log_variances, decode, n_draws, seed):
        distortions.append(-log_pixels.mean(axis=1))
        bounds.append(logsumexp(log_pixels + log_ratios, axis=1) - np.log(n_draws))
    rate = float(divergence.sum(axis=1).mean())
    distortion = float(np.concatenate(distortions).mean())
    return {
        "elbo": -rate - distortion,
        "iw_bound": float(np.concatenate(bounds).mean()),
        "rate": rate,
        "distortion": distortion,
    }


def active_units(means: Codings) -> int:
    """Return how many numbers of the codings differ from image to image.

    Those whose means have a variance over the images above 0.01; the others say nothing.

    Source: Burda, Grosse and Salakhutdinov, "Importance Weighted Autoencoders", ICLR 2016.
    """
    return int((means.var(axis=0) > LEAST_VARIANCE).sum())


def _draws(
    images: ImageSource,
    means: Codings,
    log_variances: Codings,
    decode: Decode,
    n_draws: int,
    seed: int,
) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield log-probabilities (n, draws) of some images by drawn codings, and of these codings.

    The second is that of the standard normal distribution over that from which they are drawn.
    """
    rng = np.random.default_rng(seed)
    n_pixels = math.prod(images.shape[1:])
    n_at_once = max(NUMBERS_AT_ONCE // (n_draws * n_pixels), 1)
    for start in range(0, len(images), n_at_once):
        rows = slice(start, start + n_at_once)
        mean, log_variance = means[rows, np.newaxis], log_variances[rows, np.newaxis]
        n, _, latent_dim = mean.shape
        noise = rng.standard_normal((n, n_draws, latent_dim), np.float32)
        codings = (mean + np.exp(log_variance / 2) * noise).astype(np.float32, copy=False)
        decoded = decode(codings.reshape(-1, latent_dim))
        log_pixels = _log_probability(images[rows], decoded.reshape(n, n_draws, n_pixels))
        squares = np.square(noise, dtype=np.float64) - np.square(codings, dtype=np.float64)
        yield log_pixels, (squares + log_variance).sum(axis=2) / 2


def _log_probability(images: Images, probabilities: npt.NDArray[np.float32]) -> Numbers:
    """Return the log-probability of each image, in nats, by each of its draws: (n, draws).

    Args:
        images: (n, height, width, channels).
        probabilities: (n, draws, pixels), of each pixel to be white.
    """
    is_white = images.reshape(len(images), 1, -1) > 0
    likely = np.where(is_white, probabilities, 1 - probabilities)
    logs = np.log(likely.clip(SMALLEST_PROBABILITY))
    of_each: Numbers = logs.sum(axis=2, dtype=np.float64)
    return of_each
