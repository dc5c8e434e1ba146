"""Checking that the models of finished runs still exist."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from mlflow import MlflowClient
from mlflow.entities import Run

from autoencoder_lab.comparison.results import FINISHED
from autoencoder_lab.tracking.results.cell_results import MODEL
from autoencoder_lab.tracking.runs.search import search_all
from autoencoder_lab.tracking.store.opening import without_password

from .findings import Check, Problem, check

OURS = f"attributes.status = '{FINISHED}' and tags.data_digest != ''"
"""Of the runs of an experiment, those that this project has finished."""


def check_models(client: MlflowClient, experiment_id: str) -> Check:
    """Check that the file of each model that a finished run has logged is in the store."""
    models = {
        output.model_id: run
        for run in search_all(client, experiment_id, OURS)
        if run.outputs is not None
        for output in run.outputs.model_outputs
    }
    return check("models", f"{len(models)} of finished runs", _problems(client, models))


def _problems(client: MlflowClient, models: Mapping[str, Run]) -> Iterator[Problem]:
    folder = str(PurePosixPath(MODEL).parent)
    store = shlex.quote(without_password(client.tracking_uri))
    for model_id, run in models.items():
        try:
            files = {file.path for file in client.list_logged_model_artifacts(model_id, folder)}
        except FileNotFoundError:
            files = set()
        except Exception as error:  # of the library of an object store, among others
            yield Problem(f"models cannot be looked up: {error}", "Is the artifact store there?")
            return
        if MODEL not in files:
            run_id = run.info.run_id
            delete = f"MLFLOW_TRACKING_URI={store} mlflow runs delete --run-id {run_id}"
            yield Problem(
                f"run {run_id} ({run.info.run_name}): the file of its model {model_id} is gone",
                f"restore it in the store's artifacts; or train again after {delete}",
            )
