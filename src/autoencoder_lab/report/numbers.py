"""How numbers are written in tables and sentences."""

import math
from collections.abc import Iterable

SIGNIFICANT_DIGITS = 3


def decimals_of(values: Iterable[float]) -> int:
    """Return how many decimals give the largest of some values three significant digits."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0)
    if largest == 0:
        return 0
    return max(0, SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(largest)))


def written(mean: float, interval: float, decimals: int) -> str:
    """Return a mean and, where it has one, the half-width of its interval."""
    text = f"{mean:,.{decimals}f}".replace("-", "\N{MINUS SIGN}")
    return text if math.isnan(interval) else f"{text} ± {interval:,.{decimals}f}"


def listed(names: Iterable[str]) -> str:
    """Return names as in a sentence: a, b and c."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
