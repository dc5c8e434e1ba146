"""Which process a run is of, and ending the runs of processes that are gone."""

import logging
import os
import socket
from collections.abc import Mapping

import psutil
from mlflow import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

logger = logging.getLogger(__name__)

HOST, PID, STARTED = "host", "pid", "process_started"

CLOCK_SECONDS = 2
"""How far apart one process' time of start may be read."""


def owner_tags() -> dict[str, str]:
    """Return the tags that name this process among all, also once its number is given anew."""
    return {
        HOST: socket.gethostname(),
        PID: str(os.getpid()),
        STARTED: f"{psutil.Process().create_time():.2f}",
    }


def end_abandoned_runs(client: MlflowClient, experiment_id: str) -> None:
    """Mark KILLED what runs by its status, but whose process on this machine is gone.

    A parent that other processes share is left to them while one of its children runs.
    """
    running = client.search_runs(
        [experiment_id],
        f"attributes.status = 'RUNNING' and tags.`{HOST}` = '{socket.gethostname()}'",
    )
    abandoned = {run.info.run_id: run for run in running if _is_gone(run.data.tags)}
    busy_parents = {
        run.data.tags.get(MLFLOW_PARENT_RUN_ID)
        for run in running
        if run.info.run_id not in abandoned
    }
    for run_id in abandoned.keys() - busy_parents:
        logger.warning("Run %s was abandoned by its process: it is marked KILLED", run_id)
        client.set_terminated(run_id, "KILLED")


def _is_gone(tags: Mapping[str, str]) -> bool:
    try:
        started = psutil.Process(int(tags[PID])).create_time()
    except psutil.NoSuchProcess:
        return True
    return bool(abs(started - float(tags[STARTED])) > CLOCK_SECONDS)
