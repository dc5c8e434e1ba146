"""Whether pretraining helps, from repeated comparisons."""

import numpy as np
import pandas as pd

from .intervals import half_width


def by_budget(accuracies: pd.DataFrame) -> pd.DataFrame:
    """Return mean accuracies by the number of labels, and what pretraining gains.

    Args:
        accuracies: Test accuracies in [0, 1], a row for each of `labels` and `draw`, with
            `pretraining/scratch` and `pretraining/fine_tuned` among the columns.

    Returns:
        A row for each number of labels: the columns' means over the draws, `pretraining/gain`,
        `pretraining/gain_interval`, its half-width, and a `verdict` in words.
    """
    means = accuracies.drop(columns="draw").groupby("labels").mean()
    scratch, fine_tuned = (
        accuracies.pivot(index="labels", columns="draw", values=f"pretraining/{arm}")
        for arm in ("scratch", "fine_tuned")
    )
    gains = fine_tuned - scratch
    gain = gains.mean(axis=1)
    interval = gains.apply(half_width, axis=1, raw=True) if len(gains) else gain
    verdict = np.select(
        [gain > interval, gain < -interval], ["helps", "harms"], "has no clear effect"
    )
    scores = means.assign(
        **{"pretraining/gain": gain, "pretraining/gain_interval": interval, "verdict": verdict}
    )
    return scores.reset_index()
