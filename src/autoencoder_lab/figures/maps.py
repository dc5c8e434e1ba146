"""Codings on a plane, coloured by class, with some of the images."""

from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from matplotlib.patheffects import withStroke
from scipy.spatial import KDTree

from autoencoder_lab.images.arrays import UNLABELLED, ClassNames, Images, Labels, Points, has_labels

from .figure import Figure
from .images import as_drawn
from .text import literal

MOST_NAMES = 30
LONGEST_NAME = 16
SHARE_BETWEEN_IMAGES = 0.1  # of the map's larger side
THUMBNAIL_POINTS = 18


def codings_map(
    points: Points, images: Images, labels: Labels, class_names: ClassNames, *, title: str
) -> Figure:
    """Return a scatter plot of points (n, 2): classes by colour and name, where labelled.

    Some of their images (n, height, width, channels), in [0, 1], are drawn where they lie.
    """
    width, height = np.ptp(points, axis=0)
    inches_high = 9 * min(max(height / width, 0.5), 1.2) if width else 9
    figure = Figure(figsize=(9, inches_high + 0.4), layout="constrained")
    axes = figure.subplots()
    is_labelled = has_labels(labels)
    groups = labels if is_labelled else np.full_like(labels, UNLABELLED)
    present = np.unique(groups)
    colours = dict(zip(present.tolist(), class_colours(len(present)), strict=True))
    for label, colour in colours.items():
        x, y = points[groups == label].T
        axes.scatter(x, y, s=12, linewidths=0, color=colour)
    if is_labelled and len(present) <= MOST_NAMES:  # more would hide the points
        _name_classes(axes, points, labels, class_names)
    for shown in _spread_out(points):
        axes.add_artist(_thumbnail(images[shown], points[shown], colours[int(groups[shown])]))
    # t-SNE's axes have no unit and no direction.
    axes.set(title=title, xticks=[], yticks=[], aspect="equal")
    return figure


def _name_classes(axes: Axes, points: Points, labels: Labels, class_names: ClassNames) -> None:
    classes = np.unique(labels)
    names = {label: _shortened(class_names[label]) for label in classes}
    # Colours alone would not do for everybody, nor for many classes.
    size = 18 if len(classes) <= 10 and max(map(len, names.values())) <= 2 else 10
    for label, name in names.items():
        x, y = _most_crowded(points[labels == label])
        text = axes.text(x, y, literal(name), size=size, weight="bold", zorder=4)
        text.set(ha="center", va="center", path_effects=[withStroke(linewidth=4, foreground="w")])


def _spread_out(points: Points) -> list[int]:
    """Return the points, first to last, that are not near one returned before."""
    least_distance = SHARE_BETWEEN_IMAGES * np.ptp(points, axis=0).max()
    shown: list[int] = []
    for number, point in enumerate(points):
        distances = np.linalg.norm(points[shown] - point, axis=1)
        if (distances > least_distance).all():
            shown.append(number)
    return shown


def _thumbnail(image: Images, point: Points, colour: Any) -> AnnotationBbox:
    height, width = image.shape[:2]
    picture = OffsetImage(
        as_drawn(image),
        zoom=THUMBNAIL_POINTS / max(height, width),
        cmap="gray",
        norm=Normalize(0, 1),
    )
    frame = {"edgecolor": colour, "linewidth": 1.5}
    return AnnotationBbox(picture, tuple(point), pad=0.05, bboxprops=frame, zorder=3)


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _most_crowded(points: Points) -> Points:
    """Return the point that is nearest to a tenth of the others.

    Their median may lie in another class' cluster, where a class has several.
    """
    n_near = 1 + len(points) // 10
    distances, _ = KDTree(points).query(points, k=[n_near])
    most_crowded: Points = points[distances[:, 0].argmin()]
    return most_crowded


def class_colours(n: int) -> list[Any]:
    """Return so many colours that can be told apart."""
    if n == 1:
        return ["#0072B2"]
    if n <= 10:
        # Chosen by M. Petroff to be told apart in all common kinds of colour blindness.
        return list(matplotlib.color_sequences["petroff10"])[:n]
    return list(matplotlib.colormaps["turbo"](np.linspace(0, 1, n)))
