"""Adopting an embedded store after its project was moved or copied."""

from typing import Any

import mlflow
from kedro.framework.context import KedroContext
from kedro_mlflow.config.kedro_mlflow_config import KedroMlflowConfig
from mlflow.store.model_registry.dbmodels.models import SqlModelVersion
from mlflow.store.tracking.dbmodels.models import SqlExperiment, SqlLoggedModel, SqlRun
from sqlalchemy import create_engine, func, literal, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from autoencoder_lab.failures import BadInput

from .config import embedded_store
from .opening import set_up

ADDRESSES: tuple[InstrumentedAttribute[Any], ...] = (
    SqlExperiment.artifact_location,
    SqlRun.artifact_uri,
    SqlLoggedModel.artifact_location,
    SqlModelVersion.source,
    SqlModelVersion.storage_location,
)
"""The columns in which MLflow names places of artifacts, as absolute addresses."""


def adopt_artifacts(config: KedroMlflowConfig, context: KedroContext) -> str:
    """Let all of an embedded store name its artifacts where they are now, or nothing.

    Returns:
        In a sentence, where the artifacts of the experiment are.

    Raises:
        BadInput: The runs are on a server; there are none; or no artifacts are at the new place.
    """
    store = embedded_store(config)
    if store is None:
        raise BadInput(
            f"the runs are on {config.server.mlflow_tracking_uri}, which keeps their artifacts"
        )
    if not store.exists():
        raise BadInput(f"there are no runs in {store}")
    _, experiment = set_up(config, context)
    before = experiment.artifact_location
    now = str(config.tracking.experiment.create_experiment_kwargs.artifact_location)
    if before != now and not mlflow.artifacts.list_artifacts(now):
        raise BadInput(f"there are no artifacts in {now}: copy them there from {before}")
    with Session(create_engine(config.server.mlflow_tracking_uri)) as session, session.begin():
        for column in ADDRESSES:
            is_of_before = (column == before) | column.startswith(f"{before}/", autoescape=True)
            moved = literal(now) + func.substr(column, len(before) + 1)
            session.execute(update(column.class_).where(is_of_before).values({column.key: moved}))
    is_moved = f", no longer in {before}" if before != now else ""
    return f"The artifacts of experiment {experiment.name} are in {now}{is_moved}"
