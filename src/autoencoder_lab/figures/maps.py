"""Codings on a plane, coloured by class."""

from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from scipy.spatial import KDTree

from autoencoder_lab.arrays import ClassNames, Labels, Points, has_labels

MOST_NAMES = 30
LONGEST_NAME = 16


def codings_map(points: Points, labels: Labels, class_names: ClassNames, *, title: str) -> Figure:
    """Return a scatter plot of points (n, 2): classes by colour and name, where labelled."""
    figure = Figure(figsize=(7.5, 6.5), layout="constrained")
    axes = figure.subplots()
    if has_labels(labels):
        _scatter_classes(axes, points, labels, class_names)
    else:
        axes.scatter(points[:, 0], points[:, 1], s=10, linewidths=0, color="#0072B2")
    # t-SNE's axes have no unit and no direction.
    axes.set(title=title, xticks=[], yticks=[], aspect="equal")
    return figure


def _scatter_classes(axes: Axes, points: Points, labels: Labels, class_names: ClassNames) -> None:
    classes = np.unique(labels)
    names = {label: _shortened(class_names[label]) for label in classes}
    # Colours alone would not do for everybody, nor for many classes.
    size = 16 if len(classes) <= 10 and max(map(len, names.values())) <= 2 else 9
    for colour, label in zip(_colours(len(classes)), classes, strict=True):
        of_class = points[labels == label]
        axes.scatter(of_class[:, 0], of_class[:, 1], s=10, linewidths=0, color=colour)
        if len(classes) > MOST_NAMES:
            continue  # names would hide the points
        x, y = _most_crowded(of_class)
        name = axes.text(x, y, names[label], size=size, weight="bold")
        name.set(ha="center", va="center", path_effects=[withStroke(linewidth=4, foreground="w")])


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


def _colours(n: int) -> list[Any]:
    if n <= 10:
        # Chosen by M. Petroff to be told apart in all common kinds of colour blindness.
        return list(matplotlib.color_sequences["petroff10"])[:n]
    return list(matplotlib.colormaps["turbo"](np.linspace(0, 1, n)))
