"""`kedro study`: each data set with each variant and each seed, each in a process of its own."""

from .plan import plan_study
from .progress import run_study, show_plan

__all__ = ["plan_study", "run_study", "show_plan"]
