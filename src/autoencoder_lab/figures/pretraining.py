"""Accuracy by the number of labels, with a pretrained encoder and without."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from .figure import Figure, say_left_out

NO_CLASSES = "it needs an encoder, and images labelled with two classes"

CURVES = {
    "pretraining/spread_sum": ("labels spread, codings and PCA", "#CC79A7", "^-"),
    "pretraining/spread": ("labels spread, codings", "#009E73", "^-"),
    "baseline/pca_spread": ("labels spread, PCA", "#009E73", "v--"),
    "baseline/pixels_spread": ("labels spread, pixels", "#009E73", "d:"),
    "pretraining/fine_tuned": ("pretrained, fine-tuned", "#D55E00", "o-"),
    "pretraining/scratch": ("from scratch", "#0072B2", "s-"),
    "pretraining/frozen": ("pretrained, frozen", "#E69F00", "o--"),
    "pretraining/random_frozen": ("untrained, frozen", "#56B4E9", "s--"),
    "baseline/pixels_nearest": ("nearest neighbour, pixels", "0.5", "x:"),
    "baseline/pixels_logistic": ("logistic regression, pixels", "0.5", "+--"),
}
"""What each column of the scores is called, and its colour, marker and line."""


def label_budget_curves(scores: pd.DataFrame, *, title: str) -> Figure:
    """Return accuracies by the number of labels, and beside them what pretraining gains.

    Args:
        scores: A row for each number of `labels`, with those of `CURVES` that there are, in [0, 1],
            `pretraining/gain`, `pretraining/gain_interval` and `verdict`. No rows: there are no
            classes to train on, and the figure says so.
    """
    figure = Figure(figsize=(10, 5.5), layout="constrained")
    figure.suptitle(title)
    if scores.empty:
        say_left_out(figure, NO_CLASSES)
        return figure
    of_accuracy, of_gain = figure.subplots(1, 2, width_ratios=[3, 2])
    for key, (name, colour, style) in CURVES.items():
        if key in scores:
            of_accuracy.plot(scores["labels"], 100 * scores[key], style, color=colour, label=name)
    of_accuracy.set(ylabel="test accuracy, in %")
    _draw_gains(of_gain, scores)
    for axes in (of_accuracy, of_gain):
        lay_out_by_labels(axes, scores["labels"].tolist())
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def lay_out_by_labels(axes: Axes, budgets: Sequence[int]) -> None:
    """Give axes a logarithmic scale of labels, on which each budget is marked."""
    axes.set(xscale="log", xlabel="labels")
    if len(budgets) == 1:
        axes.set_xlim(budgets[0] / 2, 2 * budgets[0])
    axes.xaxis.set_major_locator(FixedLocator(budgets))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_gains(axes: Axes, scores: pd.DataFrame) -> None:
    gains, intervals = (
        100 * scores[f"pretraining/{column}"] for column in ("gain", "gain_interval")
    )
    axes.axhline(0, color="0.4", linewidth=1)
    axes.errorbar(scores["labels"], gains, intervals, fmt="o", color="#D55E00", capsize=5)
    for labels, top, verdict in zip(
        scores["labels"], gains + intervals, scores["verdict"], strict=True
    ):
        axes.annotate(
            verdict.replace(" clear ", "\nclear "),
            (labels, top),
            (0, 6),
            textcoords="offset points",
            ha="center",
            size=9,
        )
    axes.margins(x=0.15, y=0.15)
    axes.set(title="Fine-tuned minus scratch", ylabel="points, with 95 % intervals")
