"""Copying the models of a run, which MLflow keeps beside it."""

import tempfile
from pathlib import Path

import mlflow
import yaml
from mlflow.entities import (
    LoggedModel,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
    Run,
)
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS
from mlflow.utils.validation import MAX_METRICS_PER_BATCH

from .copies import UPLOADED_FROM, Links, Place, in_batches

MLMODEL = "MLmodel"


def copy_model(
    here: Place, there: Place, output: LoggedModelOutput, copy: Run, links: Links
) -> None:
    """Copy a model that a run has logged, or complete its copy."""
    model = here.client.get_logged_model(output.model_id)
    made = _find(there, model, copy) or _begin(there, model, copy, links)
    if made.status == LoggedModelStatus.PENDING:
        _copy_values(there, model, made, copy)
        _copy_files(here, there, model, made)
        if model.status != LoggedModelStatus.PENDING:
            there.client.finalize_logged_model(made.model_id, model.status)
    known = copy.outputs.model_outputs if copy.outputs else []
    if made.model_id not in {other.model_id for other in known}:  # MLflow would keep it twice
        there.client.log_outputs(copy.info.run_id, [LoggedModelOutput(made.model_id, output.step)])


def link_model(there: Place, model_id: str, copy_id: str) -> None:
    """Let the copy of a run that has used a model link to the copy of that, if there is one."""
    copied = there.client.search_logged_models(
        [there.experiment_id], f"tags.{UPLOADED_FROM} = '{model_id}'"
    )
    models = [LoggedModelInput(made.model_id) for made in copied[:1]]
    there.client.log_inputs(copy_id, models=models)


def _find(there: Place, model: LoggedModel, copy: Run) -> LoggedModel | None:
    found = there.client.search_logged_models(
        [there.experiment_id], f"tags.{UPLOADED_FROM} = '{model.model_id}'"
    )
    return next((made for made in found if made.source_run_id == copy.info.run_id), None)


def _begin(there: Place, model: LoggedModel, copy: Run, links: Links) -> LoggedModel:
    tags = {key: tag for key, tag in model.tags.items() if key != MLFLOW_MODEL_VERSIONS}
    return there.client.create_logged_model(
        there.experiment_id,
        name=model.name,
        source_run_id=copy.info.run_id,
        tags=links.renew_all(tags) | {UPLOADED_FROM: model.model_id},
        model_type=model.model_type,
    )


def _copy_values(there: Place, model: LoggedModel, made: LoggedModel, copy: Run) -> None:
    params = {key: value for key, value in model.params.items() if key not in made.params}
    if params:
        there.client.log_model_params(made.model_id, params)
    metrics = [
        Metric(
            metric.key,
            metric.value,
            metric.timestamp,
            metric.step,
            model_id=made.model_id,
            dataset_name=metric.dataset_name,
            dataset_digest=metric.dataset_digest,
        )
        for metric in model.metrics or []
    ]
    for some in in_batches(metrics, MAX_METRICS_PER_BATCH):
        there.client.log_batch(copy.info.run_id, metrics=some)


def _copy_files(here: Place, there: Place, model: LoggedModel, made: LoggedModel) -> None:
    """Copy what is there: `kedro doctor` finds what is not, there as here."""
    if not here.client.list_logged_model_artifacts(model.model_id):
        return
    with tempfile.TemporaryDirectory() as folder:
        files = Path(mlflow.artifacts.download_artifacts(model.artifact_location, dst_path=folder))
        if (files / MLMODEL).exists():
            _rename(files / MLMODEL, made)
        there.client.log_model_artifacts(made.model_id, str(files))


def _rename(file: Path, made: LoggedModel) -> None:
    """Let the description among a model's files be of the copy."""
    description = yaml.safe_load(file.read_text())
    own = {
        "artifact_path": made.artifact_location,
        "model_id": made.model_id,
        "model_uuid": made.model_id,
        "run_id": made.source_run_id,
    }
    description |= {key: value for key, value in own.items() if key in description}
    file.write_text(yaml.safe_dump(description, default_flow_style=False))
