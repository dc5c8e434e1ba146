"""The leaderboard in words."""

from collections.abc import Sequence

import pandas as pd

from autoencoder_lab.comparison.ranking import UNCLEAR, UNTESTED, WORSE

from .numbers import decimals_of, listed, written


def finding(board: pd.DataFrame) -> str:
    """Return which variant is best by one metric, and whether its lead over the others is real.

    Args:
        board: The rows of one metric and number of labels in what `comparison.ranking.rank`
            returns, best first.
    """
    best = board.iloc[0]
    value = written(best["mean"], best["interval"], decimals_of(board["mean"]))
    sentence = f"{best['variant']} is best, {value}."
    if len(board) == 1:
        return sentence
    real, unclear, untested = (
        board.loc[board["standing"] == standing, "variant"].tolist()
        for standing in (WORSE, UNCLEAR, UNTESTED)
    )
    parts = [
        f"over {_others(names, len(board) - 1)} {verdict}"
        for names, verdict in (
            (real, "is real"),
            (unclear, "is not clear"),
            (untested, "is not tested"),
        )
        if names
    ]
    return f"{sentence} Its lead {', '.join(parts)}."


def _others(names: Sequence[str], n_others: int) -> str:
    return "all others" if len(names) == n_others > 1 else listed(names)
