"""What pretraining an encoder gives a classifier."""

import pandas as pd
from matplotlib.figure import Figure

ARMS = {
    "pretraining/scratch": "from scratch",
    "pretraining/random_frozen": "random encoder, frozen",
    "pretraining/frozen": "pretrained encoder, frozen",
    "pretraining/fine_tuned": "pretrained encoder, fine-tuned",
}
"""The columns of the scores, and what each is called in the figure."""


def label_budget_bars(scores: pd.DataFrame, *, title: str) -> Figure:
    """Return the test accuracy of each way to train, for the label budget of the first row.

    Args:
        scores: `labels` and a column for each of `ARMS`, in [0, 1]. No rows: not all
            images have labels, and the figure says so.
    """
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title)
    if scores.empty:
        axes.text(0.5, 0.5, "left out: not all images have labels", ha="center", va="center")
        axes.set_axis_off()
        return figure
    budget = scores.iloc[0]
    accuracies = [100 * budget[arm] for arm in ARMS]
    bars = axes.barh(list(ARMS.values()), accuracies, color="#0072B2")
    axes.bar_label(bars, fmt="%.1f %%", padding=4)
    axes.invert_yaxis()
    axes.set(xlim=(0, 100), xlabel=f"test accuracy with {budget['labels']:.0f} labels, in %")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
