"""Images in labelled rows, one above the other, so that columns can be compared."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine

from autoencoder_lab.images.arrays import Images, ImageSource

from .figure import Figure
from .text import literal

COLUMNS = 12
IMAGE_INCHES = 0.8
INCHES_A_LETTER = 0.085


def image_rows(rows: Sequence[tuple[str, ImageSource]], *, title: str) -> Figure:
    """Return a figure with a labelled row of images for each pair.

    Args:
        rows: A label and images (n, height, width, channels), drawn clipped to [0, 1]: of them,
            the first `COLUMNS`.
    """
    n_columns = min(COLUMNS, max(len(images) for _, images in rows))
    _, images = rows[0]
    inches_high = row_inches(images)
    strip_height, strip_width = _strip(images[:n_columns], n_columns).shape[:2]
    inches_wide = min(inches_high * strip_width / strip_height, 1.2 * IMAGE_INCHES * n_columns)
    label_inches = 0.2 + INCHES_A_LETTER * max(len(label) for label, _ in rows)
    figure = Figure(
        figsize=(
            # Wide enough for a title, however few the images.
            max(label_inches + inches_wide, 5),
            0.5 + inches_high * len(rows),
        ),
        layout=ConstrainedLayoutEngine(w_pad=0.1),  # or labels touch the figure's edge
    )
    figure.suptitle(title)
    axes = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    for row, (label, images) in zip(axes, rows, strict=True):
        draw_row(row, label, images[:n_columns], n_columns)
    return figure


def row_inches(images: ImageSource) -> float:
    """Return how high a row of images is: very tall or wide ones are drawn smaller."""
    height, width = images.shape[1:3]
    inches: float = IMAGE_INCHES * min(max(height / width, 0.5), 2)
    return inches


def draw_row(axes: Axes, label: str, images: Images, n_columns: int) -> None:
    """Draw images side by side, and a label before them."""
    axes.imshow(_strip(images, n_columns), cmap="gray", vmin=0, vmax=1)
    axes.set_ylabel(literal(label), rotation=0, ha="right", va="center")
    axes.set_anchor("E")  # what the image leaves of its place is the label's
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def as_drawn(images: Images) -> npt.NDArray[np.float32]:
    """Return images as matplotlib draws them: red, green and blue, or the mean of the channels."""
    clipped = images.clip(0, 1)
    return clipped if clipped.shape[-1] == 3 else clipped.mean(axis=-1)


def _strip(images: Images, n_columns: int) -> npt.NDArray[np.float32]:
    """Return the images side by side, parted by a white line, as one (height, width, channels)."""
    n_empty = n_columns - len(images)
    parted = np.pad(images, ((0, n_empty), (0, 0), (0, 1), (0, 0)), constant_values=1)
    return as_drawn(np.concatenate(list(parted), axis=1)[:, :-1])
