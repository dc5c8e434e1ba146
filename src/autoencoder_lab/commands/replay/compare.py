"""Comparing the numbers of two runs."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from pydantic import JsonValue

from autoencoder_lab.comparison.repetition import compare_values
from autoencoder_lab.comparison.tolerance import Tolerance
from autoencoder_lab.tracking.results.run_record import RunRecord


@dataclass(frozen=True)
class Verdict:
    """How a replay compares with its original.

    Attributes:
        values: As `compare_values` returns them.
        first_difference: The first node whose output differs, with the names of the outputs;
            empty where all bytes are the same.
    """

    values: pd.DataFrame
    tolerance: Tolerance
    first_difference: str

    @property
    def is_equal(self) -> bool:
        return bool(self.values["is_equal"].all())

    def __str__(self) -> str:
        """Return the verdict in a sentence or two."""
        n_values, n_other = len(self.values), int((~self.values["is_equal"]).sum())
        how = self.tolerance.name
        if not n_other:
            text = f"All {n_values} values are equal, {how}."
        else:
            text = f"{n_other} of {n_values} values are not equal, {how}."
        if self.first_difference:
            text += f" The first output that differs: {self.first_difference}."
        return text


def compare_runs(original: RunRecord, replay: RunRecord, *, tolerance: Tolerance) -> Verdict:
    """Return how a replay compares with its original."""
    values = compare_values(original.values, replay.values, tolerance)
    return Verdict(values, tolerance, _first_difference(original.outputs, replay.outputs))


def _first_difference(
    original: Mapping[str, Mapping[str, JsonValue]],
    replay: Mapping[str, Mapping[str, JsonValue]],
) -> str:
    for node, then in original.items():
        now = replay.get(node, {})
        others = [name for name in {**then, **now} if then.get(name) != now.get(name)]
        if others and then and now:
            return f"{', '.join(others)} of {node}"
    return ""
