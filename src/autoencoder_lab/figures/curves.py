"""Losses by epoch."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator


def loss_curves(history: pd.DataFrame, *, loss: str) -> Figure:
    """Return the training and validation loss by epoch.

    Args:
        history: A row for each epoch, with `epoch`, `train/loss` and `val/loss`.
        loss: The loss' name, for the axis.
    """
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(history["epoch"], history["train/loss"], "o--", color="#0072B2", label="training")
    axes.plot(history["epoch"], history["val/loss"], "o-", color="#D55E00", label="validation")
    axes.set(title="Loss by epoch", xlabel="epoch", ylabel=loss.replace("_", " "))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    return figure
