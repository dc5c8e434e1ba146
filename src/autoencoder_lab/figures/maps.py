"""Codings on a plane, coloured by class."""

from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from autoencoder_lab.arrays import Labels, Points, has_labels


def codings_map(points: Points, labels: Labels, *, title: str) -> Figure:
    """Return a scatter plot of points (n, 2), in the colours of their classes where labelled."""
    figure = Figure(figsize=(7.5, 6.5), layout="constrained")
    axes = figure.subplots()
    if has_labels(labels):
        classes = np.unique(labels)
        for colour, label in zip(_colours(len(classes)), classes, strict=True):
            of_class = points[labels == label]
            axes.scatter(
                of_class[:, 0], of_class[:, 1], s=10, linewidths=0, color=colour, label=str(label)
            )
        axes.legend(
            title="class",
            loc="center left",
            bbox_to_anchor=(1, 0.5),
            markerscale=2,
            ncols=1 + len(classes) // 16,
        )
    else:
        axes.scatter(points[:, 0], points[:, 1], s=10, linewidths=0, color="#0072B2")
    # t-SNE's axes have no unit and no direction.
    axes.set(title=title, xticks=[], yticks=[], aspect="equal")
    return figure


def _colours(n: int) -> list[Any]:
    if n <= 10:
        # Chosen by M. Petroff to be told apart in all common kinds of colour blindness.
        return list(matplotlib.color_sequences["petroff10"])[:n]
    return list(matplotlib.colormaps["turbo"](np.linspace(0, 1, n)))
