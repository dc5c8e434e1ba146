"""Whether two runs, or a comparison and earlier runs, have the same numbers."""

import math
from collections.abc import Sequence
from itertools import chain

import pandas as pd

from .results import CellResult, Values, cause_of_difference
from .tolerance import Tolerance, within

COLUMNS = ["variant", "seed", "earlier", "earlier_run_id", "values", "not_equal", "differs_in"]


def compare_values(original: Values, again: Values, tolerance: Tolerance) -> pd.DataFrame:
    """Return the values of two runs side by side, those that are not equal first.

    Returns:
        `metric`, `step`, `original`, `again`, their `difference`, and whether it `is_equal`. NaN
        equals NaN; a value that only one of them has is not equal.
    """
    rows = []
    for key, step in {**original, **again}:
        then, now = (values.get((key, step), math.nan) for values in (original, again))
        is_in_both = (key, step) in original and (key, step) in again
        is_equal = then == now or (math.isnan(then) and math.isnan(now))
        is_close = tolerance.allows(key, then, now)
        rows.append((key, step, then, now, now - then, is_in_both and (is_equal or is_close)))
    columns = ["metric", "step", "original", "again", "difference", "is_equal"]
    return pd.DataFrame(rows, columns=columns).sort_values("is_equal", kind="stable")


def compare_with_earlier(results: Sequence[CellResult]) -> pd.DataFrame:
    """Return how each result compares with an earlier one of the same variant and seed.

    That is the latest which was made from the same data, code and parameters; where there is none,
    the latest of all.

    Returns:
        A row each: `variant`, `seed`, `earlier` and `earlier_run_id`, the earlier one's run key or
        name and its run; `values`, how many were compared, and how many of them are `not_equal`,
        bit for bit; or what it `differs_in`, where it was made from something else. Empty text,
        where there is nothing earlier.
    """
    return pd.DataFrame([_compare_with_earlier(result) for result in results], columns=COLUMNS)


def say_how_it_repeats(cells: pd.DataFrame) -> str:
    """Return in a few sentences what `compare_with_earlier` found."""
    return " ".join(_sentences(cells)) or "There is nothing earlier to compare with."


def _compare_with_earlier(result: CellResult) -> tuple[object, ...]:
    cell = (result.variant, result.seed)
    candidates = (
        (earlier, cause_of_difference(result, earlier)) for earlier in result.load_earlier()
    )
    latest = next(candidates, None)
    if latest is None:
        return (*cell, "", "", 0, 0, "")
    # Only as far as is needed: each is read from the store.
    earlier, cause = next((pair for pair in chain([latest], candidates) if not pair[1]), latest)
    about = (*cell, earlier.run_key or f"run {earlier.run_id[:8]}", earlier.run_id)
    if cause:
        return (*about, 0, 0, cause)
    values = compare_values(earlier.load_values(), result.load_values(), within(0))
    return (*about, len(values), int((~values["is_equal"]).sum()), "")


def _sentences(cells: pd.DataFrame) -> list[str]:
    sentences = []
    known = cells[cells["earlier"] != ""]
    for earlier, group in known[known["differs_in"] == ""].groupby("earlier", sort=False):
        n_values, n_other = group["values"].sum(), group["not_equal"].sum()
        of_cells = f"{len(group)} cell{'' if len(group) == 1 else 's'}"
        if n_other:
            row = group[group["not_equal"] > 0].iloc[0]
            sentences.append(
                f"{n_other} of {n_values} values of {of_cells} differ from those of {earlier}, "
                f"made from the same: look at {row['variant']}, seed {row['seed']}."
            )
        else:
            sentences.append(
                f"All {n_values} values of {of_cells} are equal to those of {earlier}, bit for bit."
            )
    others = known[known["differs_in"] != ""]
    for (other, cause), group in others.groupby(["earlier", "differs_in"], sort=False):
        of_cells = f"{len(group)} cell{' is' if len(group) == 1 else 's are'}"
        sentences.append(f"{of_cells} made from something else than in {other}: {cause} there.")
    return sentences
