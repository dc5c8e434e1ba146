"""How codings use their units."""

import numpy as np

from autoencoder_lab.images.arrays import Codings

from .figure import Figure

LEAST_VARIANCE = 0.01
"""Of a unit that is active. Source: Burda et al., "Importance Weighted Autoencoders", ICLR 2016."""


def codings_activity(codings: Codings, *, title: str) -> Figure:
    """Return a histogram of all numbers in the codings (n, latent_dim), and each unit's variance.

    A unit is active where its variance over the images is above `LEAST_VARIANCE`.
    """
    variances = np.sort(codings.var(axis=0))[::-1]
    n_active = int((variances > LEAST_VARIANCE).sum())
    share = n_active / len(variances)
    figure = Figure(figsize=(10, 4), layout="constrained")
    figure.suptitle(f"{title}: {n_active} of {len(variances)} units active ({share:.0%})")
    of_values, of_units = figure.subplots(1, 2)
    # As doubles: between nearly equal singles there may be no room for the edges of bins.
    of_values.hist(codings.ravel().astype(np.float64), bins=80, color="#0072B2", alpha=0.8)
    of_values.set(xlabel="activity", ylabel="numbers in the codings", yscale="log")
    # A floor, or units that never change could not be drawn on this scale.
    drawn = np.maximum(variances, LEAST_VARIANCE / 100)
    of_units.step(np.arange(1, len(variances) + 1), drawn, where="mid", color="#0072B2")
    of_units.fill_between(np.arange(1, len(variances) + 1), drawn, step="mid", alpha=0.3)
    of_units.axhline(LEAST_VARIANCE, color="#D55E00", linestyle="--", label="active above")
    of_units.set(xlabel="unit, by variance", ylabel="variance over the images", yscale="log")
    of_units.set_ylim(bottom=LEAST_VARIANCE / 100)
    of_units.legend(frameon=False)
    for axes in (of_values, of_units):
        axes.spines[["top", "right"]].set_visible(False)
    return figure
