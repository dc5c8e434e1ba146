"""The digests of a run's files, by which the doctor finds results that no run holds."""

import json

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
from autoencoder_lab.tracking.runs.search import RUN_KEY, search

FILES = "results.json"


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
    *,
    dataset: str,
    variant: str,
    seed: int,
    run_key: str | None,
) -> set[str]:
    """Return the SHA-256 of all files that the finished runs of a cell hold."""
    cell = {"dataset": dataset, "variant": variant, "seed": str(seed)}
    digests: set[str] = set()
    for run in search(client, experiment_id, cell):
        if run.info.status != FINISHED or run.data.tags.get(RUN_KEY) != run_key:
            continue
        try:
            text = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/{FILES}")
        except (MlflowException, OSError):  # deleted, or of before there was one
            continue
        digests |= set(json.loads(text).values())
    return digests
