"""`kedro doctor`: whether the set-up is sound and, if not, what to do."""

from .examine import examine
from .findings import Check, Problem
from .upload import upload

__all__ = ["Check", "Problem", "examine", "upload"]
