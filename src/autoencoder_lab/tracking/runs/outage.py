"""Losing the tracking server while nodes run: they continue, and their results are on disk."""

import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from http import HTTPStatus
from typing import Any, Protocol

import click
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from autoencoder_lab.tracking.store.config import SQLITE

from .run_tree import RunTree

logger = logging.getLogger(__name__)

ERRORS = (MlflowException, OSError)
"""What MLflow's client raises, in an outage and otherwise: requests' are OSErrors."""

OUTAGES = {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}
"""What a server answers that cannot ask its database who someone is, or has too much to do."""


class TrackingLost(click.ClickException):
    """Runs do not hold all that was computed for them."""


class LogsToRuns(Protocol):
    """A hook that logs to the runs of a session."""

    _runs: RunTree


Hook = Callable[..., None]


def is_outage(error: Exception, client: MlflowClient) -> bool:
    """Whether a server could not be reached, or could not answer whatever it had been asked.

    What it refuses is none, nor is a full disk or a missing file: nothing mends that by itself. A
    log-in that it no longer takes is one: it took it when the session began.
    """
    if client.tracking_uri.startswith(SQLITE):
        return False
    if isinstance(error, MlflowException):
        status: int = error.get_http_status_code()
    elif isinstance(error, requests.HTTPError) and error.response is not None:
        status = error.response.status_code
    else:
        transport = (ConnectionError, TimeoutError, requests.RequestException)
        return isinstance(error, transport)
    return status in OUTAGES or status >= HTTPStatus.INTERNAL_SERVER_ERROR


@contextmanager
def noting_loss(runs: RunTree, run_id: str) -> Iterator[None]:
    """Note that a run is lost, where the server cannot be reached: MLflow has tried for minutes."""
    try:
        yield
    except ERRORS as error:
        if not is_outage(error, runs.client):
            raise
        logger.error("Tracking is lost, and the nodes go on without it: %s", error)
        runs.lost[run_id] = str(error)


def unless_lost(hook: Hook) -> Hook:
    """Return a hook that leaves out what cannot be logged, and all that follows in that run.

    The run is not FINISHED any more, and the session ends with an error that says where the results
    are.
    """
    signature = inspect.signature(hook)

    @wraps(hook)
    def guarded(self: LogsToRuns, *args: Any, **kwargs: Any) -> None:
        given = signature.bind(self, *args, **kwargs).arguments
        name = given.get("dataset_name") or given.get("variant") or given["node"].name
        run_id = self._runs.run_id(name)
        if run_id not in self._runs.lost:
            with noting_loss(self._runs, run_id):
                hook(self, *args, **kwargs)

    return guarded
