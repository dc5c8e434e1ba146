"""Logging what nodes return, as `metadata.mlflow` in the catalog says."""

import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.framework.hooks import hook_impl
from kedro.io import AbstractDataset, AbstractVersionedDataset, DataCatalog
from kedro.pipeline.node import Node
from mlflow.entities import Metric
from mlflow.models import Model, infer_signature

from autoencoder_lab.arrays import Autoencoder
from autoencoder_lab.metrics import contract
from autoencoder_lab.training.divergence import Diverged

from .runs import RunTree

LARGEST_BATCH = 1000  # metrics in a request, MLflow's limit
MODEL_PACKAGES = ("keras", "tensorflow", "mlflow", "numpy")


class LogOutputs:
    """Logs metrics, artifacts and models once they are saved, in the run of their variant."""

    def __init__(self, runs: RunTree) -> None:
        self._runs = runs

    @hook_impl
    def before_pipeline_run(self, catalog: DataCatalog) -> None:
        self._catalog = catalog

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        dataset = self._catalog[dataset_name]
        run_id = self._runs.run_id(dataset_name)
        match log_instructions(dataset):
            case {"log": "metrics"}:
                self._log_metrics(run_id, {0: data})
            case {"log": "step_metrics"}:
                self._log_metrics(run_id, _by_step(data))
                self._log_file(run_id, dataset, folder="tables")
            case {"log": "artifact", "folder": folder}:
                self._log_file(run_id, dataset, folder=folder)
            case {"log": "model"}:
                self._log_model(run_id, data)
            case instructions if instructions:
                raise ValueError(f"metadata.mlflow of {dataset_name} is {instructions}")

    @hook_impl
    def on_node_error(self, error: Exception, node: Node) -> None:
        if isinstance(error, Diverged):
            self._log_metrics(self._runs.run_id(node.name), _by_step(error.history))

    def _log_metrics(self, run_id: str, by_step: dict[int, dict[str, float]]) -> None:
        for key in {key for values in by_step.values() for key in values}:
            contract.find(key)
        now = time.time_ns() // 1_000_000
        metrics = [
            Metric(key, float(value), now, step)
            for step, values in by_step.items()
            for key, value in values.items()
        ]
        for start in range(0, len(metrics), LARGEST_BATCH):
            self._runs.client.log_batch(run_id, metrics[start : start + LARGEST_BATCH])

    def _log_file(self, run_id: str, dataset: AbstractDataset[Any, Any], *, folder: str) -> None:
        self._runs.client.log_artifact(run_id, str(saved_file(dataset)), folder)

    def _log_model(self, run_id: str, model: Autoencoder) -> None:
        import keras  # takes seconds
        import mlflow.tensorflow

        example = self._catalog.load("train_images")[:1]
        keras.config.disable_interactive_logging()  # MLflow tries the model on the example
        try:
            Model.log(
                artifact_path=None,
                name="model",
                flavor=mlflow.tensorflow,
                run_id=run_id,
                model=model,
                signature=infer_signature(example, example),
                input_example=example,
                # Or MLflow finds out, in a process that imports TensorFlow anew.
                pip_requirements=[f"{name}=={version(name)}" for name in MODEL_PACKAGES],
            )
        finally:
            keras.config.enable_interactive_logging()


def log_instructions(dataset: AbstractDataset[Any, Any]) -> dict[str, str]:
    """Return `metadata.mlflow` of a catalog entry; empty where nothing is to be logged."""
    metadata = getattr(dataset, "metadata", None) or {}
    return dict(metadata.get("mlflow", {}))


def saved_file(dataset: AbstractDataset[Any, Any]) -> Path:
    """Return where a catalog entry keeps its file."""
    if not isinstance(dataset, AbstractVersionedDataset):
        raise TypeError(f"{dataset} is logged as a file, but kept in none")
    return Path(dataset._filepath)


def _by_step(table: pd.DataFrame) -> dict[int, dict[str, float]]:
    step, *keys = table.columns
    if not table[step].is_unique:
        twice = sorted({int(value) for value in table[step][table[step].duplicated()]})
        raise ValueError(f"a table of metrics by {step} has more than one row for {twice}")
    return {int(row[step]): {key: row[key] for key in keys} for _, row in table.iterrows()}
