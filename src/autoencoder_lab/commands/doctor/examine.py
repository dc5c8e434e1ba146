"""All checks, in an order in which each finds what it needs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kedro.framework.session import KedroSession

from autoencoder_lab.failures import BadInput
from autoencoder_lab.tracking.logged.files import digests_in_runs
from autoencoder_lab.tracking.store.config import embedded_store
from autoencoder_lab.tracking.store.opening import open_experiment

from .arrays import check_arrays
from .data import check_data
from .disk import check_disk
from .findings import Check, Problem, check
from .models import check_models
from .packages import check_packages
from .results import check_results
from .store import check_runs


def examine(project: Path, env: str | None) -> Iterator[Check]:
    """Yield the checks of a project; nothing is changed, and no store is made."""
    yield check_packages(project)
    try:
        context: Any = KedroSession.create(project_path=project, env=env).load_context()
    except BadInput as error:
        yield check("configuration", "conf", [Problem(str(error))])
        return
    yield check("configuration", f"conf, environment {env or 'local'}", [])
    root = context.config_loader["globals"]["data_root"]
    yield check_data(project, root)
    yield check_arrays(project, root, context.config_loader["parameters"]["ingest"])
    yield check_disk(project, root)
    store = embedded_store(context.mlflow)
    if store is not None and not store.exists():
        yield check("store", f"{store}: no runs yet", [])
        yield check_results(project, root, env, lambda *_: set())
        return
    try:
        client, experiment = open_experiment(context.mlflow, context)
    except BadInput as error:
        yield check("store", "runs", [Problem(str(error))])
        return
    yield check("store", str(store or context.mlflow.server.mlflow_tracking_uri), [])
    yield check_runs(client, experiment.experiment_id)
    yield check_models(client, experiment.experiment_id)
    yield check_results(
        project,
        root,
        env,
        lambda cell, digests: digests_in_runs(
            client,
            experiment.experiment_id,
            digests,
            dataset=cell.dataset,
            variant=cell.variant,
            seed=cell.seed,
            run_key=cell.run_key,
        ),
    )
