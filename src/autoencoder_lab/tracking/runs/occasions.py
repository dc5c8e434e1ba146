"""How the runs of a run key ended, once everything under it has ended."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from autoencoder_lab.comparison.results import FAILED

from .owners import is_alive_here
from .run_tree import WORST_FIRST
from .search import RUN_KEY, search

CellTags = tuple[str, str, str]
"""Data set, variant and seed."""

REPORT = "comparison/report.html"


@dataclass(frozen=True)
class Outcome:
    """How the runs of a run key ended.

    Attributes:
        cells: The status of each cell that has a run.
        compared: The data sets of which the parent holds a comparison.
        parent: The status of the parent; empty where nothing ran.
    """

    cells: Mapping[CellTags, str]
    compared: Collection[str]
    parent: str


def end_occasion(
    client: MlflowClient,
    experiment_id: str,
    run_key: str,
    cells: Collection[CellTags],
    datasets: Collection[str],
) -> Outcome:
    """End what is RUNNING of a run key but by no process that is known to live, and say how it is.

    A cell whose process was killed, on whatever machine, is KILLED. The parent is as the worst of
    its children; FAILED, where a cell or the comparison of a data set is not there.

    Args:
        cells, datasets: What the occasion was to run and to compare.
    """
    parent: Run | None = None
    statuses: dict[CellTags, str] = {}
    for run in search(client, experiment_id, {RUN_KEY: run_key}):
        tags = run.data.tags
        if MLFLOW_PARENT_RUN_ID in tags:
            statuses[tags["dataset"], tags["variant"], tags["seed"]] = _end(client, run, "KILLED")
        else:
            parent = run
    if parent is None:
        return Outcome({}, (), "")
    parent_id = parent.info.run_id
    compared = [
        dataset
        for dataset in datasets
        for file in client.list_artifacts(parent_id, f"{dataset}/comparison")
        if file.path == f"{dataset}/{REPORT}"
    ]
    is_whole = set(cells) <= statuses.keys() and set(datasets) <= set(compared)
    known = [*statuses.values(), *([] if is_whole else [FAILED])]
    worst = min(known, key=WORST_FIRST.index)
    if worst != "RUNNING":
        worst = min((worst, _end(client, parent, worst)), key=WORST_FIRST.index)
    if worst not in ("RUNNING", parent.info.status):
        client.set_terminated(parent_id, worst)
    return Outcome(statuses, compared, worst)


def _end(client: MlflowClient, run: Run, status: str) -> str:
    """Return how a run is; one that no process runs any more is ended before."""
    if run.info.status != "RUNNING" or is_alive_here(run):
        return str(run.info.status)
    client.set_terminated(run.info.run_id, status)
    return status
