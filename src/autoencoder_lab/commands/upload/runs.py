"""Copying a run: a copy that was interrupted is completed, as all of it may be repeated."""

import tempfile

from mlflow.entities import Param, Run, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_USER
from mlflow.utils.validation import MAX_METRICS_PER_BATCH, MAX_PARAMS_TAGS_PER_BATCH

from .copies import UPLOADED_BY, UPLOADED_FROM, Links, Place, in_batches, who
from .models import copy_model, link_model


def copy_run(here: Place, there: Place, run: Run, begun: Run | None, links: Links) -> None:
    """Copy a run to the server, or complete its copy.

    Until a copy is whole, it is KILLED and has no tags by which a comparison would find it. (Who
    may write runs need not be permitted to delete them.)
    """
    copy = begun or _begin(there, run)
    copy_id = copy.info.run_id
    links.runs[run.info.run_id] = copy_id
    _copy_values(here, there, run, copy_id)
    _copy_artifacts(here, there, run, copy_id)
    for output in run.outputs.model_outputs if run.outputs else []:
        copy_model(here, there, output, copy, links)
    inputs = here.client.get_run(run.info.run_id).inputs  # a search tells none of models
    for model in inputs.model_inputs if inputs else []:
        link_model(there, model.model_id, copy_id)
    there.client.set_terminated(copy_id, run.info.status, run.info.end_time)
    tags = links.renew_all(run.data.tags) | {UPLOADED_BY: who()}  # which is to be the last
    for some in in_batches(list(tags.items()), MAX_PARAMS_TAGS_PER_BATCH):
        there.client.log_batch(copy_id, tags=[RunTag(key, value) for key, value in some])


def _begin(there: Place, run: Run) -> Run:
    tags = {UPLOADED_FROM: run.info.run_id}
    if MLFLOW_USER in run.data.tags:  # which MLflow reads here, too
        tags[MLFLOW_USER] = run.data.tags[MLFLOW_USER]
    copy = there.client.create_run(
        there.experiment_id,
        start_time=run.info.start_time,
        tags=tags,
        run_name=run.info.run_name,
    )
    there.client.set_terminated(copy.info.run_id, "KILLED", run.info.end_time)
    return copy


def _copy_values(here: Place, there: Place, run: Run, copy_id: str) -> None:
    """Copy parameters, metrics and inputs; MLflow keeps once what it is given twice."""
    params = [Param(key, value) for key, value in run.data.params.items()]
    for some_params in in_batches(params, MAX_PARAMS_TAGS_PER_BATCH):
        there.client.log_batch(copy_id, params=some_params)
    metrics = [
        metric
        for key in run.data.metrics
        for metric in here.client.get_metric_history(run.info.run_id, key)
    ]
    for some_metrics in in_batches(metrics, MAX_METRICS_PER_BATCH):
        there.client.log_batch(copy_id, metrics=some_metrics)
    if run.inputs and run.inputs.dataset_inputs:
        there.client.log_inputs(copy_id, run.inputs.dataset_inputs)


def _copy_artifacts(here: Place, there: Place, run: Run, copy_id: str) -> None:
    if not here.client.list_artifacts(run.info.run_id):
        return
    with tempfile.TemporaryDirectory() as folder:
        here.client.download_artifacts(run.info.run_id, "", folder)
        there.client.log_artifacts(copy_id, folder)
