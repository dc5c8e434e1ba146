"""What a search tries of a variant's parameters."""

from collections.abc import Mapping
from typing import Self

from pydantic import JsonValue, StrictFloat, StrictInt, model_validator

from .types import Contradiction, Count, FolderName, Params


class RangeParams(Params):
    """All numbers between two, which are included: whole ones where both are."""

    low: StrictInt | StrictFloat
    """The least."""
    high: StrictInt | StrictFloat
    """The largest."""
    log: bool = False
    """Whether small numbers are tried as often as large ones: 0.1 to 1 as often as 1 to 10."""

    @model_validator(mode="after")
    def _require_order(self) -> Self:
        if not self.low < self.high:
            raise Contradiction("high", self.high, f"more than low, which is {self.low}")
        if self.log and self.low <= 0:
            raise Contradiction("low", self.low, "more than 0, as log is true")
        return self


class SearchParams(Params):
    """What `kedro search` tries, and how often."""

    name: FolderName | None
    """By which it is continued; null for the variant's."""
    trials: Count
    """Fits, those that are given up early included."""
    spaces: Mapping[str, Mapping[str, JsonValue]]
    """By variant, and by parameter with dots: a range, or a list of values."""
