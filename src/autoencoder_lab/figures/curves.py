"""Losses by epoch."""

import pandas as pd
from matplotlib.ticker import MaxNLocator

from .figure import Figure

LEAST_RANGE = 0.1
"""Of an axis, as a share of its values: the ticks of less would have digits that tell nothing."""

LEAST_WIDTH = 3
"""Of a panel, in epochs."""


def loss_curves(history: pd.DataFrame, *, loss: str) -> Figure:
    """Return the training and validation loss by epoch, side by side for each phase of the fit.

    Args:
        history: A row for each epoch, with `epoch`, `train/loss`, `val/loss` and `phase`.
        loss: The loss' name, for the axis; with several phases, each has its own.
    """
    phases = list(history.groupby("phase", sort=False))
    figure = Figure(figsize=(max(7, 3.5 * len(phases)), 4), layout="constrained")
    widths = [max(len(losses), LEAST_WIDTH) for _, losses in phases]
    panels = figure.subplots(1, len(phases), squeeze=False, width_ratios=widths)[0]
    for axes, (phase, losses) in zip(panels, phases, strict=True):
        axes.plot(losses["epoch"], losses["train/loss"], "o--", color="#0072B2", label="training")
        axes.plot(losses["epoch"], losses["val/loss"], "o-", color="#D55E00", label="validation")
        axes.set(title="Loss by epoch" if len(phases) == 1 else phase, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlim(losses["epoch"].min() - 0.5, losses["epoch"].max() + 0.5)
        low, high = axes.get_ylim()
        missing = max(0, LEAST_RANGE * max(abs(low), abs(high)) - (high - low))
        axes.set_ylim(low - missing / 2, high + missing / 2)
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel(loss.replace("_", " ") if len(phases) == 1 else "loss of the phase")
    figure.axes[0].legend()
    return figure
