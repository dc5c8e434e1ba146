"""kedro-mlflow's `mlflow.yml`: read, checked, and independent of the working directory."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from kedro.framework.context import KedroContext
from kedro_mlflow.config.kedro_mlflow_config import KedroMlflowConfig

from autoencoder_lab.failures import BadInput, listing
from autoencoder_lab.parameters.problems import WrongParameters, validate

SQLITE = "sqlite:///"
ADDRESS = "MLFLOW_TRACKING_URI"
IGNORED = {
    "disable_tracking.pipelines": "every pipeline is tracked",
    "run": "runs are found and named by their cells",
    "params": "parameters are logged by dotted keys",
}
"""Settings of the block `tracking` that are of kedro-mlflow's own hook, which is switched off."""


def read_config(context: KedroContext) -> KedroMlflowConfig:
    """Return the settings, in which a relative SQLite store is in the project's folder.

    Raises:
        BadInput: A setting is wrong, or would be ignored, or none says where the runs are.
    """
    settings = context.config_loader["mlflow"]
    problems = list(_ignored(settings.get("tracking") or {}))
    try:
        config = validate(settings, KedroMlflowConfig)
    except WrongParameters as wrong:
        problems[:0] = wrong.problems
    if problems:
        raise BadInput(listing("wrong settings in mlflow.yml", problems))
    server = config.server
    server.mlflow_tracking_uri = server.mlflow_tracking_uri or os.environ.get(ADDRESS)
    if server.mlflow_tracking_uri is None:  # kedro-mlflow would make a folder of files
        raise BadInput(
            f"server.mlflow_tracking_uri in mlflow.yml is null, and {ADDRESS} is not set: set one "
            "of them to the address of a tracking server"
        )
    for key in ("mlflow_tracking_uri", "mlflow_registry_uri"):
        _require_no_password(f"server.{key}", getattr(server, key) or "")
    store = embedded_store(config)
    if store is not None:
        store = context.project_path / store  # an absolute path stays as it is
        if unquote(str(store)) != str(store) or "?" in str(store):
            raise BadInput(
                f"the runs' store would be {store}, but SQLite's addresses read a % as a code, and "
                "end at a ?: move the project, or name a server or another file in mlflow.yml"
            )
        server.mlflow_tracking_uri = f"{SQLITE}{store}"
        # A server has a place of its own for artifacts; the embedded store has them beside it.
        experiment = config.tracking.experiment.create_experiment_kwargs
        experiment.artifact_location = experiment.artifact_location or str(
            store.parent / "artifacts"
        )
    return config


def _require_no_password(key: str, address: str) -> None:
    if urlsplit(address).password:
        raise BadInput(
            f"{key} is {without_password(address)} with a password, which logs would show: leave "
            "it out, and set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD for a tracking "
            "server, or PGPASSFILE for a database"
        )


def without_password(address: str) -> str:
    """Return an address, or a text with some, without what stands before the host's name."""
    return re.sub(r"//[^/\s]*@", "//", address)


def embedded_store(config: KedroMlflowConfig) -> Path | None:
    """Return the SQLite file in which runs are kept, or none where a server keeps them."""
    address = config.server.mlflow_tracking_uri or ""
    return Path(address.removeprefix(SQLITE)) if address.startswith(SQLITE) else None


def _ignored(tracking: Mapping[str, Any]) -> Iterator[str]:
    for key, reason in IGNORED.items():
        block: Any = tracking
        for part in key.split("."):
            block = (block or {}).get(part)
        if block:
            yield f"tracking.{key} is {block!r}; allowed: to leave it out, as {reason}"
