"""What a search tries of a variant's parameters."""

from collections.abc import Mapping

from pydantic import JsonValue

from .types import Bool, Count, FolderName, Number, Params


class RangeParams(Params):
    """All numbers between two, which are included: whole ones where both are."""

    low: Number
    """The least; more than 0 where `log` is true."""
    high: Number
    """The largest: more than `low`."""
    log: Bool = False
    """Whether small numbers are tried as often as large ones: 0.1 to 1 as often as 1 to 10."""


class SearchParams(Params):
    """What `kedro search` tries, and how often."""

    name: FolderName | None
    """By which it is continued; null for the variant's."""
    trials: Count
    """Fits, those that are given up early included."""
    spaces: Mapping[str, Mapping[str, JsonValue]]
    """By variant, and by parameter with dots: a range, or a list of values."""
