"""The digests of a run's files, by which the doctor finds results that no run holds."""

import json
from collections.abc import Set

import mlflow
from kedro.framework.hooks import hook_impl
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from autoencoder_lab.cells import Cells, made_from
from autoencoder_lab.cells.graph import of_variant
from autoencoder_lab.cells.plan import by_record
from autoencoder_lab.comparison.results import FINISHED
from autoencoder_lab.tracking.runs.outage import unless_lost
from autoencoder_lab.tracking.runs.run_tree import RunTree
from autoencoder_lab.tracking.runs.search import (
    NEWEST_FIRST,
    ended_as,
    find_runs,
    having,
    of_run_key,
)

FILES = "results.json"
FEW = 5


class LogFiles:
    """Logs `results.json` to the run of each variant: the digest of each of its files on disk."""

    def __init__(self, runs: RunTree, cells: Cells) -> None:
        self._runs = runs
        self._cells = cells

    @hook_impl
    @unless_lost
    def after_variant_run(self, variant: str) -> None:
        files = self._cells.plan.files
        own = {name: files[name] for name in of_variant(files, variant)}
        whole = {
            name: origin.sha256
            for record in by_record(own)
            for name, origin in made_from.read(record).files.items()
            if origin.sha256
        }
        self._runs.client.log_dict(self._runs.run_id(variant), whole, FILES)


def digests_in_runs(
    client: MlflowClient,
    experiment_id: str,
    digests: Set[str],
    *,
    dataset: str,
    variant: str,
    seed: int,
    run_key: str | None,
) -> set[str]:
    """Return those of some SHA-256 that are of files which the finished runs of a cell hold."""
    cell = having({"dataset": dataset, "variant": variant, "seed": str(seed)})
    condition = f"{cell} and {of_run_key(run_key)} and {ended_as(FINISHED)}"
    # What is on disk is most often of the latest run.
    runs = find_runs(client, experiment_id, condition, order_by=NEWEST_FIRST, page=FEW)
    held: set[str] = set()
    for run in runs:
        try:
            text = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/{FILES}")
        except (MlflowException, OSError):  # deleted, or of before there was one
            continue
        held |= digests & set(json.loads(text).values())
        if held == digests:
            break
    return held
