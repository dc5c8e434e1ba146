"""Checking that the store opens, and that the status of its runs is true."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from mlflow import MlflowClient
from mlflow.entities import Run

from autoencoder_lab.tracking.runs.owners import HOST, find_abandoned, find_running

from .findings import Check, Problem, check

LONG = timedelta(days=1)


def check_runs(client: MlflowClient, experiment_id: str) -> Check:
    """Check that what is RUNNING by its status is run by somebody."""
    running = find_running(client, experiment_id)
    return check("runs", f"{len(running)} RUNNING", _problems(running))


def _problems(running: list[Run]) -> Iterator[Problem]:
    abandoned = {run.info.run_id for run in find_abandoned(running)}
    for run in running:
        name = f"run {run.info.run_id} ({run.info.run_name})"
        since = datetime.fromtimestamp(run.info.start_time / 1000, UTC)
        host = run.data.tags.get(HOST, "an unknown machine")
        if run.info.run_id in abandoned:
            yield Problem(
                f"{name} is RUNNING, but its process is gone", "the next kedro run marks it KILLED"
            )
        elif datetime.now(UTC) - since > LONG:
            yield Problem(
                f"{name} is RUNNING on {host} since {since:%Y-%m-%d %H:%M} UTC",
                f"if it is not, the next kedro run on {host} marks it KILLED; if that machine is "
                f"gone: mlflow.MlflowClient().set_terminated('{run.info.run_id}', 'KILLED')",
            )
