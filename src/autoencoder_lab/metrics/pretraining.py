"""Whether pretraining helps, from repeated comparisons."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

CONFIDENCE = 0.95


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


def half_width(values: npt.NDArray[np.floating]) -> float:
    """Return half the width of the confidence interval of a mean, by Student's t.

    Args:
        values: (n,), 2 or more, independent.

    Returns:
        0 or more, in the values' unit; the interval holds the mean in 95 % of all repetitions.

    Source: Student, "The Probable Error of a Mean", Biometrika 6 (1908).
    """
    n = len(values)
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
