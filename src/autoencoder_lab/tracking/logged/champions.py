"""Registering and promoting the champion, `models:/autoencoder-<dataset>@champion`."""

import logging
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import (
    PERMISSION_DENIED,
    RESOURCE_ALREADY_EXISTS,
    ErrorCode,
)

from autoencoder_lab.comparison.champions import Promotion
from autoencoder_lab.tracking.results.champion import (
    CHAMPION,
    MODELS,
    as_champion,
    find_champion,
    registered_name,
)
from autoencoder_lab.tracking.runs.outage import unless_lost
from autoencoder_lab.tracking.runs.run_tree import RunTree

from .succession import Turn, is_to_register, succeed

logger = logging.getLogger(__name__)

PROPOSED = "proposed_champion"
CANDIDATE = "candidate"


class KeepChampions:
    """Registers the best model of a comparison, and moves the alias where it is to."""

    def __init__(self, runs: RunTree) -> None:
        self._runs = runs
        self.outcome = ""
        """What became of the alias, in a sentence."""

    @hook_impl
    def before_pipeline_run(self, catalog: DataCatalog) -> None:
        self.outcome = ""
        self._name = registered_name(catalog.load("params:dataset"))

    @hook_impl
    @unless_lost
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        if dataset_name != CANDIDATE:
            return
        client = self._runs.client
        try:
            self.outcome = _keep(client, self._name, data)
        except MlflowException as error:
            if error.error_code != ErrorCode.Name(PERMISSION_DENIED):
                raise
            self.outcome = _propose(client, self._name, data)
        logger.info("%s", self.outcome)


def _keep(client: MlflowClient, name: str, promotion: Promotion) -> str:
    """Register the best model and, where it is promoted, move the alias; return what was done."""
    version = _register(client, name, promotion)
    best = f"version {version} ({promotion['variant']}, seed {promotion['seed']})"
    if not promotion["is_promoted"]:
        return f"{_stays(name, promotion)}. Best now: {best}, {promotion['reason']}"
    if succeed(client, name, Turn(version, promotion["champion_version"])):
        return f"{name}@{CHAMPION} is now {best}: {promotion['reason']}"
    now = find_champion(client, name)
    other = as_champion(now).name if now else "none"
    return (
        f"{name}@{CHAMPION} became {other} during this comparison, the best of which, {best}, was "
        "compared with the one before: run it again"
    )


def _stays(name: str, promotion: Promotion) -> str:
    champion, alias = promotion["champion"], f"{name}@{CHAMPION}"
    return f"{alias} stays {champion}" if champion else f"there is no {alias}"


def _propose(client: MlflowClient, name: str, promotion: Promotion) -> str:
    """Tag the run of the best model, for somebody who may write to the registry to find."""
    if not promotion["is_promoted"]:
        return f"{_stays(name, promotion)}: {promotion['reason']}"
    client.set_tag(promotion["run_id"], PROPOSED, name)
    return (
        f"{name}@{CHAMPION} is not yours to move: {promotion['variant']}, seed "
        f"{promotion['seed']}, is proposed by the tag {PROPOSED} of its run. Whoever may (EDIT on "
        f"{name}) runs the comparison again"
    )


def _register(client: MlflowClient, name: str, promotion: Promotion) -> str:
    """Return the version of the best model, made unless it has one."""
    tags = {"dataset": name.removeprefix(registered_name(""))}
    try:
        # With its tag: of two that add a tag to a model at once, MLflow fails one.
        client.create_registered_model(name, tags, "Autoencoders, each the best of its day.")
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
            raise
    # First of all, what is refused to whoever may not write to the registered model.
    client.set_registered_model_tag(name, "dataset", tags["dataset"])
    run_id = promotion["run_id"]

    def find() -> list[str]:
        found = client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'")
        return [str(version.version) for version in found]

    if versions := find():
        return min(versions, key=int)
    outputs = client.get_run(run_id).outputs
    assert outputs is not None  # a finished run has logged its model
    [*_, output] = outputs.model_outputs
    if not is_to_register(client, output.model_id, lambda: bool(find())):
        return min(find(), key=int)
    facts = ("variant", "seed", "metric", "score", "interval", "seeds", "reason")
    made = client.create_model_version(
        name,
        source=f"{MODELS}{output.model_id}",
        run_id=run_id,
        model_id=output.model_id,
        tags={fact: str(promotion[fact]) for fact in facts},  # type: ignore[literal-required]
        description=f"{promotion['variant']}, seed {promotion['seed']}: {promotion['reason']}",
    )
    return str(made.version)
