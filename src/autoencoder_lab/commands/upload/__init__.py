"""`kedro upload`: copying the runs of the embedded store to a tracking server."""

from .plan import Upload, plan_upload
from .run import run_upload

__all__ = ["Upload", "plan_upload", "run_upload"]
