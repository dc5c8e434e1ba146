"""The champion of a data set, `models:/autoencoder-<dataset>@champion`, as a Kedro dataset."""

from functools import partial
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion, RegisteredModel

from autoencoder_lab.comparison.champions import Champion

from .cell_results import read_model

CHAMPION = "champion"

MODELS = "models:/"
"""What addresses of logged and registered models begin with."""


class ChampionDataset(AbstractDataset[NoReturn, Champion | None]):
    """The champion of a data set in the registry, or none."""

    def __init__(self, *, dataset: str, metadata: dict[str, Any] | None = None) -> None:
        self._dataset = dataset
        self.metadata = metadata

    def load(self) -> Champion | None:
        version = find_champion(MlflowClient(), registered_name(self._dataset))
        return None if version is None else as_champion(version)

    def save(self, data: NoReturn) -> None:
        """Refuse: `KeepChampions` moves the alias, once the comparison has chosen."""
        raise DatasetError("The champion is read only")

    def _exists(self) -> bool:
        return True  # that there is none is an answer, too

    def _describe(self) -> dict[str, Any]:
        return {"dataset": self._dataset}


def registered_name(dataset: str) -> str:
    """Return what the models of a data set are called in the registry."""
    return f"autoencoder-{dataset}"


def as_champion(version: ModelVersion) -> Champion:
    """Return a version of a registered model, as the champion."""
    tags = version.tags
    # Its run may be gone: `mlflow gc` removes runs, and leaves their models.
    address, name = f"{MODELS}{version.name}/{version.version}", f"version {version.version}"
    return Champion(
        version=str(version.version),
        run_id=version.run_id or "",  # of a version that a person has registered
        cell=f"{tags.get('variant', 'unknown')}, seed {tags.get('seed', 'unknown')}",
        load_model=partial(read_model, address, of=f"{name} of {version.name}"),
    )


def find_champion(client: MlflowClient, name: str) -> ModelVersion | None:
    """Return the version of a registered model that has the alias, or none."""
    model = find_registered_model(client, name)
    number = model and model.aliases.get(CHAMPION)
    return client.get_model_version(name, str(number)) if number else None


def find_registered_model(client: MlflowClient, name: str) -> RegisteredModel | None:
    """Return a registered model, or none."""
    # Asked for by its name, a model that does not exist would be forbidden where users may not see
    # those of others.
    return next(iter(client.search_registered_models(f"name = '{name}'")), None)
