"""Checking that the models of finished runs still exist."""

import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import PurePosixPath

from mlflow import MlflowClient
from mlflow.entities import LifecycleStage, LoggedModel, Run
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from autoencoder_lab.comparison.results import FINISHED
from autoencoder_lab.tracking.results.cell_results import MODEL
from autoencoder_lab.tracking.runs.search import all_pages
from autoencoder_lab.tracking.store.config import without_password

from .findings import Check, Problem, check

MOST = 500
REQUESTS_AT_ONCE = 8


def check_models(client: MlflowClient, experiment_id: str) -> Check:
    """Check that the file of each model that a finished run has logged is in the store.

    The latest models are looked at, at most MOST, as a server is asked for each; and of the runs
    those alone whose model is gone: a run would be read with all of its metrics.
    """
    latest_first = all_pages(
        lambda token: client.search_logged_models([experiment_id], page_token=token)
    )
    models = list(islice(latest_first, MOST))
    looked_at = f"{len(models)} in the store"
    return check(
        "models",
        f"the latest {looked_at}" if len(models) == MOST else looked_at,
        _problems(client, models),
    )


def _problems(client: MlflowClient, models: list[LoggedModel]) -> Iterator[Problem]:
    store = shlex.quote(without_password(client.tracking_uri))
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        try:
            are_there = list(pool.map(partial(_is_there, client), models))
        except Exception as error:  # of the library of an object store, among others
            pool.shutdown(cancel_futures=True)
            yield Problem(f"models cannot be looked up: {error}", "Is the artifact store there?")
            return
    for model in (model for model, is_there in zip(models, are_there, strict=True) if not is_there):
        if (run := _finished_run(client, str(model.source_run_id))) is not None:
            run_id = run.info.run_id
            delete = f"MLFLOW_TRACKING_URI={store} mlflow runs delete --run-id {run_id}"
            yield Problem(
                f"run {run_id} ({run.info.run_name}): the file of its model {model.model_id} is "
                "gone",
                f"restore it in the store's artifacts; or train again after {delete}",
            )


def _is_there(client: MlflowClient, model: LoggedModel) -> bool:
    place = get_artifact_repository(model.artifact_location, tracking_uri=client.tracking_uri)
    try:
        files = place.list_artifacts(str(PurePosixPath(MODEL).parent))
    except FileNotFoundError:
        return False
    return MODEL in {file.path for file in files}


def _finished_run(client: MlflowClient, run_id: str) -> Run | None:
    """Return the run of a model, if this project has finished it and nobody has deleted it."""
    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
        return None  # removed for good, by `mlflow gc`
    is_ours = run.info.status == FINISHED and run.data.tags.get("data_digest")
    return run if is_ours and run.info.lifecycle_stage == LifecycleStage.ACTIVE else None
