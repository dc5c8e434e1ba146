"""A model that a run has fitted, found by what it is called, and what it was trained on."""

import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from autoencoder_lab.failures import BadInput
from autoencoder_lab.images.arrays import Autoencoder, ImageShape
from autoencoder_lab.tracking.results.cell_results import read_model
from autoencoder_lab.tracking.results.champion import MODELS
from autoencoder_lab.tracking.runs.artifacts import PARAMETERS

RUN_ID = re.compile("[0-9a-f]{32}")
VERSION = re.compile(rf"{MODELS}(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>\d+))")
ALLOWED = (
    "a registered model, as models:/autoencoder-mnist@champion or models:/autoencoder-mnist/1, or "
    "the id of the run that has fitted it"
)
DATA_SUMMARY = "data/data_summary.json"


@dataclass(frozen=True)
class TrainedModel:
    """A model, and what its run says of the data that it was trained on.

    Attributes:
        name: As it is called in words.
        model_id: Of the logged model.
        parameters: The run's whole configuration, nested.
        class_names: What a classifier tells, in its order; empty where it is none.
    """

    name: str
    run: Run
    model_id: str
    autoencoder: Autoencoder
    parameters: dict[str, Any]
    class_names: Sequence[str]

    @property
    def dataset(self) -> str:
        return str(self.run.data.tags["dataset"])

    @property
    def parts(self) -> frozenset[str]:
        """What it is made of: `encoder`, `decoder`, `classifier`."""
        return frozenset(layer.name for layer in self.autoencoder.layers)

    @property
    def image_shape(self) -> ImageShape:
        _, height, width, channels = (size or 1 for size in self.autoencoder.input_shape)
        return height, width, channels


def find_trained_model(client: MlflowClient, address: str) -> TrainedModel:
    """Return the model that an address names.

    Raises:
        BadInput: There is none, its run is gone or of no variant, or its files are.
    """
    run = _find_run(client, address)
    name = f"{run.info.run_name} ({address})"
    outputs = run.outputs.model_outputs if run.outputs else []
    if "dataset" not in run.data.tags or not outputs:
        raise BadInput(f"run {run.info.run_id} has fitted no model; allowed: {ALLOWED}")
    model_id = outputs[-1].model_id
    try:
        autoencoder = read_model(f"{MODELS}{model_id}", of=f"run {run.info.run_id}")
    except ValueError as error:
        raise BadInput(str(error)) from error
    parameters = yaml.safe_load(_read(client, run, PARAMETERS))
    model = TrainedModel(name, run, model_id, autoencoder, parameters, ())
    if "classifier" not in model.parts:
        return model
    summary = json.loads(_read(client, run, DATA_SUMMARY))
    return replace(model, class_names=list(summary["train"]["images_by_class"]))


def _find_run(client: MlflowClient, address: str) -> Run:
    try:
        if RUN_ID.fullmatch(address):
            return client.get_run(address)
        if named := VERSION.fullmatch(address):
            version = (
                client.get_model_version_by_alias(named["name"], named["alias"])
                if named["alias"]
                else client.get_model_version(named["name"], named["version"])
            )
            if not version.run_id:  # of a version that a person has registered
                raise BadInput(f"no run has fitted {address}; allowed: {ALLOWED}")
            return client.get_run(version.run_id)
    except MlflowException as error:
        raise BadInput(f"the model {address} is not read: {error.message}") from error
    raise BadInput(f"the model is {address!r}; allowed: {ALLOWED}")


def _read(client: MlflowClient, run: Run, path: str) -> str:
    """Return an artifact: where a session has several variants, their parent has what is shared."""
    parent = run.data.tags.get(MLFLOW_PARENT_RUN_ID)
    reasons = []
    for run_id in filter(None, (run.info.run_id, parent)):
        with tempfile.TemporaryDirectory() as folder:
            try:
                return Path(client.download_artifacts(run_id, path, folder)).read_text()
            except (MlflowException, OSError) as error:
                reasons.append(str(error))
    raise BadInput(
        f"{path} of run {run.info.run_id}, which says what its model was trained on, cannot be "
        f"read: {reasons[0]}. Restore the file in the store's artifacts, or choose another run"
    )
