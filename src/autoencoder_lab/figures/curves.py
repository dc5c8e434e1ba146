"""Losses by epoch."""

import pandas as pd
from matplotlib.ticker import MaxNLocator

from .figure import Figure


def loss_curves(history: pd.DataFrame, *, loss: str) -> Figure:
    """Return the training and validation loss by epoch, side by side for each phase of the fit.

    Args:
        history: A row for each epoch, with `epoch`, `train/loss`, `val/loss` and `phase`.
        loss: The loss' name, for the axis; with several phases, each has its own.
    """
    phases = list(history.groupby("phase", sort=False))
    figure = Figure(figsize=(max(7, 3.5 * len(phases)), 4), layout="constrained")
    for axes, (phase, losses) in zip(
        figure.subplots(1, len(phases), squeeze=False)[0], phases, strict=True
    ):
        axes.plot(losses["epoch"], losses["train/loss"], "o--", color="#0072B2", label="training")
        axes.plot(losses["epoch"], losses["val/loss"], "o-", color="#D55E00", label="validation")
        axes.set(title="Loss by epoch" if len(phases) == 1 else phase, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel(loss.replace("_", " ") if len(phases) == 1 else "loss of the phase")
    figure.axes[0].legend()
    return figure
