"""What a search has found, trial by trial."""

import pandas as pd
from matplotlib.ticker import MaxNLocator

from .figure import Figure


def search_history(trials: pd.DataFrame, *, metric: str, is_lower_better: bool) -> Figure:
    """Return the value of each trial, and the best until then.

    Args:
        trials: `trial`, counted from 0, and its `value`; NaN for those that were given up.
        metric: What was sought.
    """
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.subplots()
    done = trials.dropna(subset="value")
    best = done["value"].cummin() if is_lower_better else done["value"].cummax()
    axes.plot(done["trial"], done["value"], "o", color="#0072B2", label="trial")
    axes.step(done["trial"], best, where="post", color="#D55E00", label="best so far")
    given_up = trials[trials["value"].isna()]["trial"]
    if len(given_up):
        at = [done["value"].max()] * len(given_up)
        axes.plot(given_up, at, "x", color="grey", label="given up early")
    axes.set(title="Trials of the search", xlabel="trial", ylabel=metric)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    return figure
