"""Mixtures of normal distributions, fitted to codings, from which others can be drawn."""

import logging
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from autoencoder_lab.images.arrays import Codings

logger = logging.getLogger(__name__)

N_FITTED = 10_000
"""Codings that a mixture is fitted to: as many give as good ones, in less time."""

MOST_NUMBERS = 100
N_COMPONENTS = 50
"""Of codings of more than `MOST_NUMBERS`, that a mixture is fitted to: a covariance has squares."""

LEAST_GAIN = 0.01
"""Nats a coding by which a step of a fit has to raise the likelihood: a tenth of it takes twice as
long, and images drawn from it are no better by any metric of `samples_mixture/`."""

LEAST_SCALE = 1e-6

CODINGS_EACH = 2
"""That a normal distribution of a mixture needs, at least."""


@dataclass(frozen=True)
class Mixture:
    """A distribution of codings.

    Attributes:
        components: Principal components of the codings, scaled.
        scale: Of the largest.
        mixture: Of these.
        low, high: (latent_dim,), between which all codings were.
    """

    components: PCA
    scale: float
    mixture: GaussianMixture
    low: Codings
    high: Codings

    @property
    def n_components(self) -> int:
        """How many normal distributions there are."""
        return int(self.mixture.n_components)

    def draw(self, n: int, *, seed: int) -> Codings:
        """Return n codings (n, latent_dim); the same seed draws the same."""
        self.mixture.set_params(random_state=seed)
        drawn, _ = self.mixture.sample(n)
        # They come sorted by the distribution that they are drawn from.
        shuffled = np.random.default_rng(seed).permutation(drawn)
        codings = self.components.inverse_transform(shuffled * self.scale)
        limited: Codings = codings.clip(self.low, self.high).astype(np.float32)
        return limited


def fit_mixture(
    codings: Codings, validation_codings: Codings, *, sizes: Sequence[int], seed: int
) -> Mixture:
    """Return the mixture, of those of some sizes, by which validation codings are likeliest.

    Covariances are full. Of many codings, the first are fitted; where they have many numbers, so
    are their first principal components. What is drawn is cut off at the range of the codings, as
    those of a sigmoid's have one.

    Args:
        codings, validation_codings: (n, latent_dim), n 2 or more.
        sizes: Of the mixtures; those too large for so many codings are left out.

    Source: Ghosh et al., "From Variational to Deterministic Autoencoders", ICLR 2020.
    """
    fitted = codings[:N_FITTED]
    latent_dim = codings.shape[1]
    n_numbers = latent_dim if latent_dim <= MOST_NUMBERS else N_COMPONENTS
    with np.errstate(invalid="ignore"):  # codings that are all the same have no variance to share
        components = PCA(min(n_numbers, len(fitted)), random_state=seed).fit(fitted)
    scale = max(math.sqrt(float(components.explained_variance_[0])), LEAST_SCALE)
    # In single precision, covariances of near-constant numbers come out negative.
    train, validation = (
        components.transform(part).astype(np.float64) / scale
        for part in (fitted, validation_codings)
    )
    possible = [size for size in sizes if size * CODINGS_EACH <= len(fitted)] or [1]
    if left_out := sorted({*sizes} - {*possible}):
        logger.warning("Mixtures of %s are left out: there are %d codings.", left_out, len(fitted))
    mixtures = [_fit(train, size, seed) for size in possible]
    return Mixture(
        components=components,
        scale=scale,
        mixture=max(mixtures, key=lambda mixture: mixture.score(validation)),
        low=codings.min(axis=0),
        high=codings.max(axis=0),
    )


def _fit(codings: npt.NDArray[np.float64], size: int, seed: int) -> GaussianMixture:
    mixture = GaussianMixture(size, tol=LEAST_GAIN, reg_covar=1e-6, random_state=seed)
    with warnings.catch_warnings():
        # One that has not come to rest can still be the best by the validation codings.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(codings)
