"""The distribution of reconstruction errors, with the best and the worst images."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from autoencoder_lab.images.arrays import Errors, ImageSource, Indices, Mask

from .figure import Figure
from .images import COLUMNS, draw_row, row_inches

WORST = 0.95
NORMAL, ANOMALOUS = "#0072B2", "#D55E00"


def error_distribution(
    errors: Errors,
    anomalies: Mask,
    images: ImageSource,
    reconstructions: ImageSource,
    *,
    title: str,
) -> Figure:
    """Return a histogram of errors, above the images with the largest, and their reconstructions.

    Where there are anomalies, they are told from other images, and the images with the least
    errors are below.

    Args:
        errors: (n,), the squared error of each image.
        anomalies: (n,), which of them are anomalies: maybe none.
        images, reconstructions: (n, height, width, channels) in [0, 1].
    """
    order = np.argsort(-errors, kind="stable")
    if anomalies.any():
        least_normal, most_normal = order[:COLUMNS], order[::-1][:COLUMNS]
        rows = [
            *_with_reconstructions(_counted("least normal", anomalies[least_normal]), least_normal),
            *_with_reconstructions(_counted("most normal", anomalies[most_normal]), most_normal),
        ]
    else:
        rows = _with_reconstructions("largest errors", order[:COLUMNS])
    inches = row_inches(images)
    figure = Figure(figsize=(10, 4.2 + len(rows) * inches), layout="constrained")
    figure.suptitle(title)
    heights = [3.5, *[inches] * len(rows)]
    of_all, *of_rows = figure.subplots(len(heights), 1, height_ratios=heights)
    _draw_histogram(of_all, errors, anomalies)
    for axes, (label, is_reconstructed, places) in zip(of_rows, rows, strict=True):
        shown = reconstructions if is_reconstructed else images
        draw_row(axes, label, shown[places], len(places))
    return figure


def _with_reconstructions(label: str, places: Indices) -> list[tuple[str, bool, Indices]]:
    return [(label, False, places), ("reconstruction", True, places)]


def _counted(label: str, anomalies: Mask) -> str:
    return f"{label}:\n{anomalies.sum()} of {len(anomalies)} anomalies"


def _draw_histogram(axes: Axes, errors: Errors, anomalies: Mask) -> None:
    edges = np.histogram_bin_edges(errors, bins="auto").tolist()
    if anomalies.any():
        # Of each its share: there may be many more of one than of the other.
        for is_one, name, colour in (
            (~anomalies, "normal", NORMAL),
            (anomalies, "anomalies", ANOMALOUS),
        ):
            chosen = errors[is_one]
            weights = np.full(len(chosen), 100 / len(chosen))
            label = f"{len(chosen)} {name}"
            axes.hist(chosen, bins=edges, weights=weights, color=colour, alpha=0.6, label=label)
        axes.set(ylabel="% of normal images, and of anomalies")
    else:
        axes.hist(errors, bins=edges, color=NORMAL, alpha=0.8)
        axes.set(ylabel="test images")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    line = "black" if anomalies.any() else ANOMALOUS
    for share, name, style in ((0.5, "median", "-"), (WORST, f"{WORST:.0%} are below", "--")):
        at = float(np.quantile(errors[~anomalies], share))
        of_normal = f"{name}, normal" if anomalies.any() else name
        axes.axvline(at, color=line, linestyle=style, label=f"{of_normal} {at:.4f}")
    axes.set(xlabel="squared error of an image, mean over pixels")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
