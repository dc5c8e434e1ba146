"""Opening the store in which the runs are, and making the embedded one where there is none."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from kedro.framework.context import KedroContext
from kedro_mlflow.config.kedro_mlflow_config import KedroMlflowConfig
from mlflow import MlflowClient
from mlflow.entities import Experiment

from autoencoder_lab.failures import BadInput

from .config import SQLITE, embedded_store


def open_experiment(
    config: KedroMlflowConfig, context: KedroContext
) -> tuple[MlflowClient, Experiment]:
    """Return a client of the configured store, and the experiment, made where it is missing.

    Raises:
        BadInput: The experiment of an embedded store keeps its artifacts elsewhere.
    """
    store = embedded_store(config)
    with _whole_store(store):
        config.setup(context)
    client = MlflowClient()  # of the server that has just been set up
    experiment = client.get_experiment_by_name(config.tracking.experiment.name)
    assert experiment is not None  # or setting up the server has failed
    configured = config.tracking.experiment.create_experiment_kwargs.artifact_location
    if store is not None and experiment.artifact_location != configured:
        raise BadInput(
            f"the runs in {store} keep their artifacts in {experiment.artifact_location}, not in "
            f"{configured}: the project has been moved or copied. Move it back, or empty mlruns/ "
            "to start anew"
        )
    return client, experiment


@contextmanager
def _whole_store(store: Path | None) -> Iterator[None]:
    """Make an embedded store in one piece, and let one process at a time set it up.

    MLflow fills an empty file table by table: interrupted, or begun by two processes at once,
    it leaves a store that nothing can open.
    """
    if store is None:
        yield
        return
    store.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(store.with_suffix(".lock")):
        if not store.exists():
            from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # takes a second

            partial = store.with_suffix(".partial")
            partial.unlink(missing_ok=True)
            artifacts = str(store.parent / "artifacts")
            made = SqlAlchemyStore(f"{SQLITE}{partial}", artifacts)
            made.engine.dispose()
            os.replace(partial, store)
        yield
