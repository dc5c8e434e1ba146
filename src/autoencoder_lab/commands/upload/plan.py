"""Which runs are to be copied, and which are there already."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
from kedro.framework.session import KedroSession
from mlflow.entities import Run, RunStatus, ViewType
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from autoencoder_lab.failures import BadInput
from autoencoder_lab.tracking.runs.search import find_runs
from autoencoder_lab.tracking.store.config import embedded_store
from autoencoder_lab.tracking.store.opening import open_embedded, open_experiment

from .copies import UPLOADED_FROM, Links, Place, is_whole

LOCAL = "local"
"""The environment of whoever names none."""


@dataclass(frozen=True)
class Upload:
    """The runs of an embedded store, and their copies on a server.

    Attributes:
        here, there: The embedded store and the server.
        to_copy: Runs of which there is no whole copy, parents before their children.
        begun: Copies that were interrupted, by their originals.
        links: The copies that are whole.
        n_there: How many of the runs have a whole copy.
        left_out: Which runs are not copied, and why.
    """

    here: Place
    there: Place
    to_copy: tuple[Run, ...]
    begun: dict[str, Run]
    links: Links
    n_there: int
    left_out: tuple[str, ...]


def plan_upload(project: Path, env: str | None) -> Upload:
    """Return what is to be copied to the server of an environment.

    Raises:
        BadInput: The environment names no server, or a store cannot be opened; or there are no
            runs, or not their artifacts.
    """
    # Both before the first is opened, which has MLflow's variables name it.
    contexts: tuple[Any, ...] = tuple(
        KedroSession.create(project_path=project, env=name).load_context() for name in (env, LOCAL)
    )
    of_server, of_local = contexts
    if (store := embedded_store(of_server.mlflow)) is not None:
        raise BadInput(
            f"the runs of the environment {env or LOCAL} are in {store}, not on a server; "
            "allowed: an environment that names a server, as --env=team"
        )
    here = Place(*open_embedded(of_local.mlflow))
    runs = list(find_runs(here.client, here.experiment_id, ""))
    _require_artifacts(here, runs)
    there = Place(*open_experiment(of_server.mlflow, of_server))
    copies = _find_copies(there)
    ended = {run.info.run_id: run.info.end_time for run in runs}
    whole = {
        run_id: copy.info.run_id
        for run_id, copy in copies.items()
        # The run of a search may have grown since.
        if is_whole(copy) and ended.get(run_id, copy.info.end_time) == copy.info.end_time
    }
    left_out = _left_out(runs)
    to_copy = [run for run in runs if run.info.run_id not in {*left_out, *whole}]
    return Upload(
        here=here,
        there=there,
        to_copy=tuple(_in_order(to_copy)),
        begun={run_id: copy for run_id, copy in copies.items() if run_id not in whole},
        links=Links(here.experiment_id, there.experiment_id, whole),
        n_there=len(runs) - len(left_out) - len(to_copy),
        left_out=tuple(left_out.values()),
    )


def _require_artifacts(here: Place, runs: list[Run]) -> None:
    place = here.experiment.artifact_location
    if runs and not mlflow.artifacts.list_artifacts(place):
        raise BadInput(
            f"there are no artifacts in {place}, where the runs have theirs: if the project was "
            "moved, kedro adopt finds them"
        )


def _find_copies(there: Place) -> dict[str, Run]:
    """Return the copies by their originals; of several, a whole one."""
    copied = f"tags.{UPLOADED_FROM} != ''"
    found = find_runs(there.client, there.experiment_id, copied, view=ViewType.ALL)
    # What somebody has deleted there is not brought back; what was never whole is begun again.
    counted = [run for run in found if is_whole(run) or run.info.lifecycle_stage == "active"]
    return {run.data.tags[UPLOADED_FROM]: run for run in sorted(counted, key=is_whole)}


def _left_out(runs: list[Run]) -> dict[str, str]:
    """Return the runs that have not ended, and those of a parent that has not: a sentence each."""
    running = {
        run.info.run_id
        for run in runs
        if not RunStatus.is_terminated(RunStatus.from_string(run.info.status))
    }
    reasons = {}
    for run in runs:
        name = f"run {run.info.run_id} ({run.info.run_name})"
        if run.info.run_id in running:
            reasons[run.info.run_id] = f"{name} is {run.info.status}"
        elif run.data.tags.get(MLFLOW_PARENT_RUN_ID) in running:
            reasons[run.info.run_id] = f"{name} is of a parent that has not ended"
    return reasons


def _in_order(runs: list[Run]) -> list[Run]:
    """Return parents before their children, and otherwise the oldest first: others name them."""
    started = {run.info.run_id: run.info.start_time for run in runs}

    def place(run: Run) -> tuple[int, bool, int]:
        parent = run.data.tags.get(MLFLOW_PARENT_RUN_ID, "")
        return started.get(parent, run.info.start_time), parent in started, run.info.start_time

    return sorted(runs, key=place)
