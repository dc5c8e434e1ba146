"""Doctor: whether the set-up is sound and, where it is not, what to do."""

from .examine import examine
from .findings import Check, Problem

__all__ = ["Check", "Problem", "examine"]
