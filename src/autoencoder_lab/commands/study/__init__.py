"""`kedro study`: each data set with each variant and each seed, each in a process of its own."""

from .plan import plan_study, read_study
from .progress import run_study, show_plan
from .verdict import give_verdict

__all__ = ["give_verdict", "plan_study", "read_study", "run_study", "show_plan"]
