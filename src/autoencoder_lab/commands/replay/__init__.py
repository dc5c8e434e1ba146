"""Replay: a run made again from what it says of itself, and compared with what it was."""

from .plan import Allowed, Replay, plan_replay
from .run import require_trust, run_replay

__all__ = ["Allowed", "Replay", "plan_replay", "require_trust", "run_replay"]
