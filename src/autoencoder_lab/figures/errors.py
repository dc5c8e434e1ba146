"""How reconstruction errors are distributed, and which images have the largest."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from autoencoder_lab.arrays import Errors, ImageSource

from .images import COLUMNS, draw_row, row_inches

WORST = 0.95


def error_distribution(
    errors: Errors, images: ImageSource, reconstructions: ImageSource, *, title: str
) -> Figure:
    """Return a histogram of errors, above the images with the largest and their reconstructions.

    Args:
        errors: (n,), the squared error of each image.
        images, reconstructions: (n, height, width, channels) in [0, 1].
    """
    worst = np.argsort(-errors, kind="stable")[:COLUMNS]
    inches = row_inches(images)
    figure = Figure(figsize=(10, 4.2 + 2 * inches), layout="constrained")
    figure.suptitle(title)
    of_all, *of_worst = figure.subplots(3, 1, height_ratios=[3.5, inches, inches])
    _draw_histogram(of_all, errors)
    for axes, label, shown in zip(
        of_worst, ("largest errors", "reconstruction"), (images, reconstructions), strict=True
    ):
        draw_row(axes, label, shown[worst], len(worst))
    return figure


def _draw_histogram(axes: Axes, errors: Errors) -> None:
    axes.hist(errors, bins="auto", color="#0072B2", alpha=0.8)
    for share, name, style in ((0.5, "median", "-"), (WORST, f"{WORST:.0%} are below", "--")):
        at = float(np.quantile(errors, share))
        axes.axvline(at, color="#D55E00", linestyle=style, label=f"{name} {at:.4f}")
    axes.set(xlabel="squared error of an image, mean over pixels", ylabel="test images")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
