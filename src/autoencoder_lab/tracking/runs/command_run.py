"""A run of a command, which ends as what the command does."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mlflow import MlflowClient
from mlflow.tracking.context.registry import resolve_tags

from .owners import owner_tags


@contextmanager
def command_run(
    client: MlflowClient, experiment_id: str, name: str, tags: Mapping[str, str]
) -> Iterator[str]:
    """Make a run, give its id, and end it: FINISHED, FAILED by an error, or KILLED by a signal."""
    all_tags = {**resolve_tags(), **tags, **owner_tags()}  # MLflow's say who ran what
    run_id: str = client.create_run(experiment_id, run_name=name, tags=all_tags).info.run_id
    status = "FAILED"
    try:
        yield run_id
        status = "FINISHED"
    except (KeyboardInterrupt, SystemExit):
        status = "KILLED"
        raise
    finally:
        client.set_terminated(run_id, status)
