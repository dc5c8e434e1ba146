"""Figures of several variants, each with the same colour and marker in all of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from autoencoder_lab.figures.figure import Figure, say_left_out
from autoencoder_lab.figures.images import image_rows
from autoencoder_lab.figures.pretraining import NO_CLASSES, lay_out_by_labels
from autoencoder_lab.images.arrays import ImageSource
from autoencoder_lab.metrics import contract

MARKERS = "osD^vP<>X*"
SPREAD_BASELINES = {"baseline/pca_spread": "PCA", "baseline/pixels_spread": "pixels"}
BUDGET_PANELS = {
    "pretraining/spread": ("Labels spread over the codings", SPREAD_BASELINES),
    "pretraining/spread_sum": ("Labels spread over the codings and PCA's", SPREAD_BASELINES),
    "pretraining/fine_tuned": (
        "Pretrained encoder, fine-tuned",
        {
            "baseline/pixels_nearest": "nearest neighbour, pixels",
            "baseline/pixels_logistic": "logistic regression, pixels",
        },
    ),
    "pretraining/gain": ("Fine-tuned minus from scratch", {}),
    "few_labels/accuracy": (
        "Labels spread, trained on, spread again",
        {"few_labels/labels_alone": "the network on the labels alone"},
    ),
}
"""What is drawn by the number of labels: each panel's title, and the baselines in it."""

NO_RECONSTRUCTIONS = "no variant has both encoder and decoder"

NO_SAMPLES = "no variant has a decoder, and codings that can be drawn"

BASELINE_LINES = ("--", ":")


def rate_distortion(leaderboard: pd.DataFrame, pca_curve: pd.DataFrame) -> Figure:
    """Return the squared error by the size of the codings.

    Args:
        leaderboard: `metric`, `variant`, `mean` and `interval`, which may be NaN.
        pca_curve: `components` and `mse` of PCA, drawn as a line.
    """
    figure = Figure(figsize=(9, 5), layout="constrained")
    if "test/mse" not in set(leaderboard["metric"]):
        say_left_out(figure, NO_RECONSTRUCTIONS)
        return figure
    axes = figure.subplots()
    axes.plot(pca_curve["components"], pca_curve["mse"], color="0.4", label="PCA", zorder=1)
    _scatter(axes, leaderboard, "model/latent_dim", "test/mse")
    axes.set(
        title="Error of the test images by the size of their codings",
        xlabel="numbers in a coding",
        ylabel="squared error",
        xscale="log",
        yscale="log",
        # What PCA does with far less or more than any variant would squeeze the rest.
        ylim=_around(leaderboard.loc[leaderboard["metric"] == "test/mse", "mean"]),
    )
    _finish(axes)
    axes.legend(frameon=False)
    _add_legend(figure, leaderboard)
    return figure


def time_and_quality(leaderboard: pd.DataFrame) -> Figure:
    """Return the squared error and, where measured, the linear probe by the time of the fit.

    Args:
        leaderboard: `metric`, `variant`, `mean` and `interval`, which may be NaN.
    """
    measured = set(leaderboard["metric"])
    qualities = [key for key in ("test/mse", "probe/linear_accuracy") if key in measured]
    figure = Figure(figsize=(3 + 4.5 * max(len(qualities), 1), 4.5), layout="constrained")
    figure.suptitle("Quality by the time of the fit")
    if not qualities:
        say_left_out(figure, NO_RECONSTRUCTIONS)
        return figure
    panels = figure.subplots(1, len(qualities), squeeze=False)[0]
    for axes, key in zip(panels, qualities, strict=True):
        _scatter(axes, leaderboard, "fit/seconds", key)
        scale = "log" if key == "test/mse" else "linear"
        axes.set(xlabel="seconds", ylabel=_axis_label(key), xscale="log", yscale=scale)
        _finish(axes)
    _add_legend(figure, leaderboard)
    return figure


def label_budgets(leaderboard: pd.DataFrame) -> Figure:
    """Return what few labels are worth by their number: a curve for each variant and baseline.

    Args:
        leaderboard: `metric`, `labels`, `variant`, `mean` and `interval`, which may be NaN. Without
            metrics by the number of labels, the figure says that they were left out.
    """
    figure = Figure(layout="constrained")
    figure.suptitle("Few labels")
    if leaderboard["labels"].max() == 0:
        say_left_out(figure, NO_CLASSES)
        return figure
    measured = [key for key in BUDGET_PANELS if key in set(leaderboard["metric"])]
    n_columns = -(-len(measured) // 2)
    figure.set_size_inches(6 * n_columns, 9)
    panels = [*figure.subplots(2, n_columns, squeeze=False).flat]
    for axes in panels[len(measured) :]:
        axes.remove()
    for axes, key in zip(panels, measured, strict=False):
        title, baselines = BUDGET_PANELS[key]
        _draw_curves(axes, leaderboard, key)
        _draw_baselines(axes, leaderboard, baselines)
        is_gain = key == "pretraining/gain"
        axes.set(title=title, ylabel="points" if is_gain else "test accuracy, in %")
        budgets = sorted(set(leaderboard.loc[leaderboard["metric"] == key, "labels"]))
        lay_out_by_labels(axes, budgets)
        if is_gain:
            axes.axhline(0, color="0.4", linewidth=1)
    _add_legend(figure, leaderboard)
    return figure


def noise_transfer_table(gains: pd.DataFrame) -> Figure:
    """Return a table of the noise removed: what a variant was trained with, and tested on.

    Args:
        gains: `variant`, `trained_with`, and a column for each view, in dB.
    """
    views = gains.columns[2:]
    values = gains[views].to_numpy()
    figure = Figure(figsize=(5 + 1.3 * len(views), 1.6 + 0.4 * len(gains)), layout="constrained")
    if gains.empty:
        say_left_out(figure, NO_RECONSTRUCTIONS)
        return figure
    axes = figure.subplots()
    furthest = abs(values).max()
    drawn = axes.imshow(values, cmap="RdBu", vmin=-furthest, vmax=furthest, aspect="auto")
    for (row, column), gain in np.ndenumerate(values):
        colour = "white" if abs(gain) > 0.6 * furthest else "black"
        axes.text(column, row, f"{gain:+.1f}", ha="center", va="center", color=colour)
    names = [
        variant if noise == "none" else f"{variant}  ({noise})"
        for variant, noise in zip(gains["variant"], gains["trained_with"], strict=True)
    ]
    axes.set_yticks(range(len(names)), names)
    axes.set_xticks(range(len(views)), views)
    axes.set(title="Noise removed", xlabel="tested on", ylabel="variant (trained with)")
    figure.colorbar(drawn, label="gain in PSNR, dB")
    return figure


def _scatter(axes: Axes, leaderboard: pd.DataFrame, x: str, y: str) -> None:
    """Draw the mean of each variant, with its intervals in both directions."""
    of_x, of_y = (leaderboard[leaderboard["metric"] == key].set_index("variant") for key in (x, y))
    for variant, (colour, marker) in _styles(leaderboard).items():
        if variant not in of_y.index:  # a model that has no part for it
            continue
        axes.errorbar(
            of_x["mean"][variant],
            of_y["mean"][variant],
            xerr=of_x["interval"][variant],
            yerr=of_y["interval"][variant],
            color=colour,
            marker=marker,
            markersize=8,
            linestyle="none",
            capsize=3,
        )


def _draw_curves(axes: Axes, leaderboard: pd.DataFrame, key: str) -> None:
    styles = _styles(leaderboard)
    for place, (variant, (colour, marker)) in enumerate(styles.items()):
        is_of_curve = (leaderboard["metric"] == key) & (leaderboard["variant"] == variant)
        curve = leaderboard[is_of_curve].sort_values("labels")
        axes.errorbar(
            curve["labels"] * 1.015 ** (place - len(styles) / 2),  # or intervals hide each other
            100 * curve["mean"],
            100 * curve["interval"],
            color=colour,
            marker=marker,
            markersize=5,
            linewidth=1,
            capsize=2,
        )


def _draw_baselines(axes: Axes, leaderboard: pd.DataFrame, names: Mapping[str, str]) -> None:
    lines = []
    for (key, name), style in zip(names.items(), BASELINE_LINES, strict=False):
        of_baseline = leaderboard[leaderboard["metric"] == key]
        means = 100 * of_baseline.groupby("labels")["mean"].mean()  # all variants have the same
        look: dict[str, Any] = {"linestyle": style, "color": "black", "label": name, "zorder": 3}
        if len(means) == 1:  # a line of one point cannot be seen
            lines.append(axes.axhline(means.iloc[0], **look))
        else:
            lines += axes.plot(means.index, means, **look)
    if lines:
        axes.legend(handles=lines, loc="best", frameon=False)


def _styles(leaderboard: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return a colour and a marker for each variant, the same in all figures."""
    n_colours = 10
    return {
        # After ten variants, the markers move on, so that no two variants have the same pair.
        variant: (f"C{place % n_colours}", MARKERS[(place + place // n_colours) % len(MARKERS)])
        for place, variant in enumerate(sorted(set(leaderboard["variant"])))
    }


def _add_legend(figure: Figure, leaderboard: pd.DataFrame) -> None:
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="none", label=variant)
        for variant, (colour, marker) in _styles(leaderboard).items()
    ]
    figure.legend(handles=handles, loc="outside right upper", frameon=False)


def _axis_label(key: str) -> str:
    metric = contract.find(key)
    return f"{metric.name}, in {metric.unit}" if metric.unit else metric.name


def _around(values: pd.Series) -> tuple[float, float]:
    return values.min() / 1.5, values.max() * 1.5


def _finish(axes: Axes) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_scale() == "log":
            axis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def samples(sampled: Mapping[str, ImageSource]) -> Figure:
    """Return a row of samples for each variant, by what they are called."""
    title = "Samples of each variant"
    if sampled:
        return image_rows(list(sampled.items()), title=title)
    figure = Figure(figsize=(6, 2), layout="constrained")
    figure.suptitle(title)
    say_left_out(figure, NO_SAMPLES)
    return figure
