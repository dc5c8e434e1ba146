"""Logging the results that no run holds."""

from collections.abc import Sequence
from pathlib import Path

from autoencoder_lab.session.processes import run_side_by_side, start_kedro

from .findings import Problem


def log_results(problems: Sequence[Problem], project: Path) -> bool:
    """Log what can be, a cell after the other; return whether no problem is left."""
    commands = [problem.log_command for problem in problems if problem.log_command]
    statuses = dict(
        run_side_by_side(commands, lambda command: start_kedro(command, project), n_at_once=1)
    )
    return len(statuses) == len(problems) and not any(statuses.values())
