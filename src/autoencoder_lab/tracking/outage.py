"""A tracking server that goes away while nodes run: they go on, and their results are on disk."""

import inspect
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol

import click
from mlflow.exceptions import MlflowException

from .run_tree import RunTree

logger = logging.getLogger(__name__)

ERRORS = (MlflowException, OSError)  # requests' are OSErrors


class TrackingLost(click.ClickException):
    """Runs do not hold all that was computed for them."""


class LogsToRuns(Protocol):
    """A hook that logs to the runs of a session."""

    _runs: RunTree


Hook = Callable[..., None]


def unless_lost(hook: Hook) -> Hook:
    """Return a hook that leaves out what cannot be logged, and all that follows in that run.

    MLflow's client has tried for minutes by then. The run is not FINISHED any more, and the session
    ends with an error that says where the results are.
    """
    signature = inspect.signature(hook)

    @wraps(hook)
    def guarded(self: LogsToRuns, *args: Any, **kwargs: Any) -> None:
        given = signature.bind(self, *args, **kwargs).arguments
        name = given.get("dataset_name") or given.get("variant") or given["node"].name
        run_id = self._runs.run_id(name)
        if run_id in self._runs.lost:
            return
        try:
            hook(self, *args, **kwargs)
        except ERRORS as error:
            logger.error("Tracking is lost, and the nodes go on without it: %s", error)
            self._runs.lost[run_id] = str(error)

    return guarded
