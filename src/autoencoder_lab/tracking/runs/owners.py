"""The process that owns a run, and ending the runs of dead processes."""

import logging
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from .search import NEWEST_FIRST, ended_as, find_runs

logger = logging.getLogger(__name__)

HOST, PID, STARTED = "host", "pid", "process_started"

MACHINE = "machine"
"""The tag that tells machines apart where containers share a name, or have numbers of their own.

On Linux, the ids of the installation and of the boot, and the namespace of process numbers.
"""

UNKNOWN = "-"

CLOCK_SECONDS = 2
"""How far apart one process' time of start may be read."""


def owner_tags() -> dict[str, str]:
    """Return the tags that name this process among all, even after its number has been reused."""
    return {
        HOST: socket.gethostname(),
        MACHINE: " ".join(_machine()),
        PID: str(os.getpid()),
        STARTED: f"{_seconds_since_boot(psutil.Process()):.2f}",
    }


def end_abandoned_runs(client: MlflowClient, experiment_id: str) -> None:
    """Mark KILLED what runs by its status, but whose process on this machine is gone.

    A parent that other processes share is left to them while one of its children runs.
    """
    for run in find_abandoned(find_running(client, experiment_id)):
        run_id = run.info.run_id
        logger.warning("Run %s was abandoned by its process: it is marked KILLED", run_id)
        client.set_terminated(run_id, "KILLED")


def find_running(client: MlflowClient, experiment_id: str) -> list[Run]:
    """Return the runs that run by their status, on any machine."""
    return list(find_runs(client, experiment_id, ended_as("RUNNING"), order_by=NEWEST_FIRST))


def find_abandoned(running: Sequence[Run]) -> list[Run]:
    """Return those of this machine whose process is gone; no parent with a child that runs."""
    here = [run for run in running if _is_of_this_machine(run)]
    abandoned = {run.info.run_id: run for run in here if _is_gone(run.data.tags)}
    busy_parents = {
        run.data.tags.get(MLFLOW_PARENT_RUN_ID)
        for run in running
        if run.info.run_id not in abandoned
    }
    return [run for run_id, run in abandoned.items() if run_id not in busy_parents]


def is_of_this_process(run: Run) -> bool:
    """Return whether a run names this process as its owner."""
    own, tags = owner_tags(), run.data.tags
    return all(tags.get(name) == own[name] for name in (HOST, MACHINE, PID)) and not _is_gone(tags)


def is_alive_here(run: Run) -> bool:
    """Return whether a run's process lives on this machine."""
    return _is_of_this_machine(run) and not _is_gone(run.data.tags)


def _is_of_this_machine(run: Run) -> bool:
    """Whether the number of a run's process means something here."""
    tags = run.data.tags
    if tags.get(HOST) != socket.gethostname() or not {PID, STARTED} <= tags.keys():
        return False
    installation, boot, numbers = _machine()
    then = tags.get(MACHINE, "").split()  # older runs have none
    if not then or then[1:] == [boot, numbers]:
        return True
    # Of before the machine was last started: all of its processes are gone.
    return then[0] == installation != UNKNOWN and then[1] != boot


def _machine() -> tuple[str, str, str]:
    ids = [UNKNOWN] * 3
    with suppress(OSError):
        ids[0] = Path("/etc/machine-id").read_text().strip() or UNKNOWN
    with suppress(OSError):
        ids[1] = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    with suppress(OSError):
        ids[2] = os.readlink("/proc/self/ns/pid")
    installation, boot, numbers = ids
    return installation, boot, numbers


def _is_gone(tags: Mapping[str, str]) -> bool:
    try:
        started = _seconds_since_boot(psutil.Process(int(tags[PID])))
    except psutil.NoSuchProcess:
        return True
    return bool(abs(started - float(tags[STARTED])) > CLOCK_SECONDS)


def _seconds_since_boot(process: psutil.Process) -> float:
    """Return when a process began, whatever the clock was set to since."""
    return float(process.create_time() - psutil.boot_time())
