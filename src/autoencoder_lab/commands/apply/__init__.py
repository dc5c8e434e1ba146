"""`kedro apply`: what a trained model makes of images, written to a folder and tracked."""

from .plan import plan_apply
from .run import run_apply

__all__ = ["plan_apply", "run_apply"]
