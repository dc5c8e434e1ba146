"""The model of each data set that is served: `models:/autoencoder-<dataset>@champion`."""

import logging
from functools import partial
from typing import Any, NoReturn

from kedro.framework.hooks import hook_impl
from kedro.io import AbstractDataset, DataCatalog, DatasetError
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import (
    RESOURCE_ALREADY_EXISTS,
    RESOURCE_DOES_NOT_EXIST,
    ErrorCode,
)

from autoencoder_lab.champions import Champion, Promotion

from .cell_results import load_model
from .outage import unless_lost
from .run_tree import RunTree

logger = logging.getLogger(__name__)

CHAMPION, FORMER = "champion", "former_champion"
PROMOTION = "promotion"


class ChampionDataset(AbstractDataset[NoReturn, Champion | None]):
    """The champion of a data set in the registry, or none."""

    def __init__(self, *, dataset: str, metadata: dict[str, Any] | None = None) -> None:
        self._dataset = dataset
        self.metadata = metadata

    def load(self) -> Champion | None:
        version = _champion(MlflowClient(), registered_name(self._dataset))
        if version is None:
            return None
        run_id = version.run_id or ""  # of a version that a person has registered
        tags = version.tags
        return Champion(
            version=str(version.version),
            run_id=run_id,
            cell=f"{tags.get('variant', 'unknown')}, seed {tags.get('seed', 'unknown')}",
            load_model=partial(load_model, run_id),
        )

    def save(self, data: NoReturn) -> None:
        """Refuse: `KeepChampions` moves the alias, once the comparison has chosen."""
        raise DatasetError("The champion is read only")

    def _exists(self) -> bool:
        return True  # that there is none is an answer, too

    def _describe(self) -> dict[str, Any]:
        return {"dataset": self._dataset}


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
        if dataset_name == PROMOTION:
            self.outcome = _keep(self._runs.client, self._name, data)
            logger.info("%s", self.outcome)


def registered_name(dataset: str) -> str:
    """Return what the models of a data set are called in the registry."""
    return f"autoencoder-{dataset}"


def _keep(client: MlflowClient, name: str, promotion: Promotion) -> str:
    """Register the best model and, where it is promoted, move the alias; return what was done."""
    version = _register(client, name, promotion)
    best = f"version {version} ({promotion['variant']}, seed {promotion['seed']})"
    if not promotion["is_promoted"]:
        champion, alias = promotion["champion"], f"{name}@{CHAMPION}"
        stays = f"{alias} stays {champion}" if champion else f"there is no {alias}"
        return f"{stays}. Best now: {best}, {promotion['reason']}"
    before = _champion(client, name)
    if before is not None and before.version != version:
        client.set_registered_model_alias(name, FORMER, before.version)
    client.set_registered_model_alias(name, CHAMPION, version)
    return f"{name}@{CHAMPION} is now {best}: {promotion['reason']}"


def _register(client: MlflowClient, name: str, promotion: Promotion) -> str:
    """Return the version of the best model, made unless it has one."""
    try:
        client.create_registered_model(name, description="Autoencoders, each the best of its day.")
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
            raise
    run_id = promotion["run_id"]
    for version in client.search_model_versions(f"name = '{name}'"):
        if version.run_id == run_id:
            return str(version.version)
    outputs = client.get_run(run_id).outputs
    assert outputs is not None  # a finished run has logged its model
    [*_, output] = outputs.model_outputs
    facts = ("variant", "seed", "metric", "score", "interval", "seeds", "reason")
    made = client.create_model_version(
        name,
        source=f"models:/{output.model_id}",
        run_id=run_id,
        model_id=output.model_id,
        tags={fact: str(promotion[fact]) for fact in facts},  # type: ignore[literal-required]
        description=f"{promotion['variant']}, seed {promotion['seed']}: {promotion['reason']}",
    )
    return str(made.version)


def _champion(client: MlflowClient, name: str) -> ModelVersion | None:
    try:
        model = client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
        return None
    number = model.aliases.get(CHAMPION)
    return client.get_model_version(name, number) if number else None
