"""Confidence intervals for the mean of a few values."""

import numpy as np
import numpy.typing as npt
from scipy import stats

CONFIDENCE = 0.95


def half_width(values: npt.NDArray[np.floating]) -> float:
    """Return half the width of the confidence interval of a mean, by Student's t.

    Args:
        values: (n,), independent.

    Returns:
        0 or more, in the values' unit; the interval holds the mean in 95 % of all repetitions.
        NaN where there are fewer than 2 values: they do not tell.

    Source: Student, "The Probable Error of a Mean", Biometrika 6 (1908).
    """
    if len(values) < 2:
        return float("nan")
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * stats.sem(values))
