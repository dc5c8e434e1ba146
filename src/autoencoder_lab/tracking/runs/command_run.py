"""A run of a command, which ends as what the command does."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.tracking.context.registry import resolve_tags

from .outage import ERRORS
from .owners import owner_tags

logger = logging.getLogger(__name__)


def log_values(
    client: MlflowClient, run_id: str, values: Mapping[str, float], *, step: int = 0
) -> None:
    """Log metrics of now."""
    now = round(1000 * time.time())
    metrics = [Metric(key, value, now, step) for key, value in values.items()]
    client.log_batch(run_id, metrics=metrics)


@contextmanager
def command_run(
    client: MlflowClient,
    experiment_id: str,
    name: str,
    tags: Mapping[str, str],
    *,
    go_on: str | None = None,
) -> Iterator[str]:
    """Make a run, give its id, and end it: FINISHED, FAILED by an error, or KILLED by a signal.

    Args:
        go_on: The run of before, which is gone on with.
    """
    all_tags = {**resolve_tags(), **tags, **owner_tags()}  # MLflow's say who ran what
    if go_on is None:
        run_id: str = client.create_run(experiment_id, run_name=name, tags=all_tags).info.run_id
    else:
        run_id = go_on
        client.update_run(run_id, "RUNNING")
        for key, value in all_tags.items():
            client.set_tag(run_id, key, value)
    try:
        yield run_id
    except BaseException as error:
        is_interruption = isinstance(error, KeyboardInterrupt | SystemExit)
        try:
            client.set_terminated(run_id, "KILLED" if is_interruption else "FAILED")
        except ERRORS as lost:  # the first error says more
            logger.warning("Run %s could not be ended: %s", run_id, lost)
        raise
    client.set_terminated(run_id, "FINISHED")
