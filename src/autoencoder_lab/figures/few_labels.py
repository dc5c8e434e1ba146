"""Accuracy with few labels, of each draw of them."""

import pandas as pd

from .figure import Figure, say_left_out

ARMS = {
    "few_labels/accuracy": "spread, trained, spread again",
    "few_labels/unshifted": "the same without shifts",
    "pretraining/spread_sum": "labels spread, codings and PCA",
    "pretraining/spread": "labels spread, codings",
    "few_labels/labels_alone": "network on the labels alone",
}
"""What each column of accuracies is called."""


def accuracies_of_draws(accuracies: pd.DataFrame, *, title: str) -> Figure:
    """Return the accuracy of each arm, a point for each draw and a line at their mean.

    Args:
        accuracies: A row for each draw, and a column for each of `ARMS`, in [0, 1]. No rows: there
            are no classes to train on, and the figure says so.
    """
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    figure.suptitle(title)
    if accuracies.empty:
        say_left_out(figure, "it needs images labelled with two classes")
        return figure
    axes = figure.subplots()
    for place, key in enumerate(ARMS):
        values = 100 * accuracies[key]
        axes.plot(values, [place] * len(values), "o", color="#0072B2", alpha=0.6)
        axes.plot(values.mean(), place, "|", color="#D55E00", markersize=18, markeredgewidth=2)
        axes.annotate(
            f"{values.mean():.1f}",
            (values.mean(), place),
            (0, 12),
            textcoords="offset points",
            ha="center",
            size=9,
        )
    axes.set_yticks(range(len(ARMS)), [*ARMS.values()])
    axes.set(xlabel="test accuracy, in %", ylim=(len(ARMS) - 0.5, -0.7))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
