"""`kedro replay`: repeating a run from what it recorded, and comparing the two."""

from .plan import Allowed, Replay, plan_replay
from .run import require_trust, run_replay

__all__ = ["Allowed", "Replay", "plan_replay", "require_trust", "run_replay"]
