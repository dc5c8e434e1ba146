"""The kernels of an encoder's first layer, as images."""

import math

import numpy as np
import numpy.typing as npt
from skimage.util import montage

from .figure import Figure
from .images import COLUMNS, IMAGE_INCHES

Filters = npt.NDArray[np.float32]
"""(n, height, width, channels): what each unit weighs each pixel by, of any sign."""

MOST_ROWS = 5
WITHIN = 0.995
"""The share of weights that the colours tell apart; larger ones look like the largest of these."""


def filter_grid(filters: Filters, *, title: str) -> Figure:
    """Return the filters with the largest weights, in a grid.

    Three channels are drawn as red, green and blue about grey; of any other number, the mean, as
    blue below 0 and red above.
    """
    n_shown = min(len(filters), COLUMNS * MOST_ROWS)
    norms = np.linalg.norm(filters.reshape(len(filters), -1), axis=1)
    shown = filters[np.argsort(-norms, kind="stable")[:n_shown]]
    limit = float(np.quantile(np.abs(shown), WITHIN)) or 1.0
    n_columns = min(n_shown, COLUMNS)
    n_rows = math.ceil(n_shown / COLUMNS)
    inches_wide = max(IMAGE_INCHES * n_columns, 5) + 1
    figure = Figure(figsize=(inches_wide, IMAGE_INCHES * n_rows + 0.9), layout="constrained")
    which = "" if n_shown == len(filters) else f", {n_shown} of {len(filters)}"
    figure.suptitle(f"{title}{which}")
    axes = figure.subplots()  # one for all: matplotlib takes long to lay out sixty
    axes.set_axis_off()
    grid = {"grid_shape": (n_rows, n_columns), "padding_width": 1}
    if shown.shape[-1] == 3:
        colours = (0.5 + shown / (2 * limit)).clip(0, 1)
        axes.imshow(montage(colours, fill=[1, 1, 1], channel_axis=-1, **grid))
    else:
        weights = montage(shown.mean(axis=-1), fill=np.nan, **grid)  # drawn as nothing
        image = axes.imshow(weights, cmap="RdBu_r", vmin=-limit, vmax=limit)
        figure.colorbar(image, ax=axes, label="weight", shrink=0.9, extend="both")
    return figure
