"""`kedro doctor`: whether the set-up is sound and, if not, what to do."""

from .examine import examine
from .findings import Check, Problem
from .log_results import log_results

__all__ = ["Check", "Problem", "examine", "log_results"]
