"""How numbers are written in tables and sentences."""

import math
from collections.abc import Iterable

SIGNIFICANT_DIGITS = 3


def decimals_of(values: Iterable[float]) -> int:
    """Return how many decimals give the largest of some values three significant digits.

    Whole numbers have none.
    """
    finite = [abs(value) for value in values if math.isfinite(value)]
    largest = max(finite, default=0)
    if all(value == round(value) for value in finite):
        return 0
    return max(0, SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(largest)))


def written(mean: float, interval: float, decimals: int) -> str:
    """Return a mean and, where it has one, the half-width of its interval."""
    text = f"{mean:z,.{decimals}f}".replace("-", "\N{MINUS SIGN}")
    if math.isnan(interval):
        return text
    least = 10**-decimals
    is_written_as_zero = 0 < interval < least / 2
    half_width = f"<{least:.{decimals}f}" if is_written_as_zero else f"{interval:,.{decimals}f}"
    return f"{text} ± {half_width}"


def listed(names: Iterable[str]) -> str:
    """Return names as in a sentence: a, b and c."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
