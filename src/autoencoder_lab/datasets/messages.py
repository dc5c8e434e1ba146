"""Lists in error messages."""

from collections.abc import Iterable


def shortened(items: Iterable[object], *, limit: int = 5, separator: str = ", ") -> str:
    """Return the first items as text, and how many more there are."""
    texts = [str(item) for item in items]
    n_more = len(texts) - limit
    return separator.join(texts[:limit] + ([f"and {n_more} more"] if n_more > 0 else []))
