"""`kedro search`: looking for better parameters of a variant, on the validation images alone."""

from .plan import plan_search
from .run import run_search

__all__ = ["plan_search", "run_search"]
