"""What a run was made from: data, code, configuration and environment."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline.node import Node
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.numpy_dataset import from_numpy
from mlflow.entities import DatasetInput, InputTag
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST, ErrorCode
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT
from pydantic import JsonValue

from autoencoder_lab.cells import Cells
from autoencoder_lab.cells.code_state import read_patch
from autoencoder_lab.cells.environment import read_machine, read_packages
from autoencoder_lab.cells.stored_files import data_folder
from autoencoder_lab.tracking.runs.artifacts import (
    CATALOG,
    LOCK,
    MACHINE,
    PACKAGES,
    PARAMETERS,
    PATCH,
)
from autoencoder_lab.tracking.runs.outage import unless_lost
from autoencoder_lab.tracking.runs.run_tree import RunTree
from autoencoder_lab.tracking.store.config import without_password
from autoencoder_lab.tracking.store.opening import storing_first_files

from .hidden import without_secrets

SUMMARY = "data_summary"
SPLITS = {"train": "training", "validation": "validation", "test": "testing"}
"""What the splits are called, here and in MLflow."""


class LogLineage:
    """Logs configuration, packages, lock and uncommitted changes, and the splits as inputs."""

    def __init__(self, runs: RunTree, cells: Cells) -> None:
        self._runs = runs
        self._cells = cells
        self._files: dict[str, bytes] = {}
        self._splits: list[DatasetInput] = []

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        self._context = context

    @hook_impl
    def before_pipeline_run(self, catalog: DataCatalog) -> None:
        self._dataset = catalog.load("params:dataset")
        self._files, self._splits = self._read_files(), []
        with storing_first_files():
            self._log_files(self._runs.top_id)

    @hook_impl
    @unless_lost
    def before_variant_run(self, variant: str) -> None:
        run_id = self._runs.run_id(variant)
        if run_id != self._runs.top_id:
            self._log_files(run_id)
            self._log_splits(run_id)

    @hook_impl
    @unless_lost
    def after_node_run(self, node: Node, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        if SUMMARY not in outputs:
            return
        self._splits = [
            DatasetInput(
                from_numpy(
                    _without_memory(inputs[f"{split}_images"].shape),
                    targets=inputs[f"{split}_labels"],
                    source=self._source(),
                    name=f"{self._dataset}/{split}",
                    digest=outputs[SUMMARY][split]["sha256"][:8],
                )._to_mlflow_entity(),
                [InputTag(MLFLOW_DATASET_CONTEXT, context)],
            )
            for split, context in SPLITS.items()
        ]
        for run_id in self._runs.all_ids:
            self._log_splits(run_id)

    def _log_splits(self, run_id: str) -> None:
        try:
            self._runs.client.log_inputs(run_id, self._splits)
        except MlflowException as error:
            if error.error_code != ErrorCode.Name(BAD_REQUEST):
                raise
            # Another process, or thread, has logged the same at that moment, which now is found.
            self._runs.client.log_inputs(run_id, self._splits)

    def _source(self) -> str | CodeDatasetSource:
        root = self._context.config_loader["globals"]["data_root"]
        place = f"01_raw/{self._dataset}"
        if (data_folder(root, project=self._context.project_path) / place).is_dir():
            return without_password(f"{root}/{place}")
        return CodeDatasetSource({"package": "scikit-learn"})  # the one that needs no folder

    def _log_files(self, run_id: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name, content in self._files.items():
                file = Path(folder) / name
                file.parent.mkdir(exist_ok=True)
                file.write_bytes(content)
            self._runs.client.log_artifacts(run_id, folder)

    def _read_files(self) -> dict[str, bytes]:
        """Return what is logged, by the names in the run."""
        loader = self._context.config_loader
        project = self._context.project_path
        packages = [f"{name}=={version}" for name, version in read_packages().items()]
        files = {
            PARAMETERS: _as_yaml(loader["parameters"]),
            CATALOG: _as_yaml(loader["catalog"]),
            PACKAGES: "\n".join([*packages, ""]).encode(),
            MACHINE: json.dumps(read_machine(), indent=2).encode(),
        }
        lock = project / "requirements.txt"
        if lock.exists():
            files[LOCK] = lock.read_bytes()
        if self._cells.code.uncommitted:
            files[PATCH] = read_patch(project)
        return files


def _as_yaml(config: JsonValue) -> bytes:
    return yaml.safe_dump(without_secrets(config), sort_keys=False).encode()


def _without_memory(shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return what MLflow needs to describe images: an array of their shape, of one number."""
    return np.broadcast_to(np.float32(0), shape)
