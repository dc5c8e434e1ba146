"""The programs that Airflow needs, and what an occasion left in MLflow."""

import os
import shutil
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from autoencoder_lab.metrics import contract

from ..end_to_end.conftest import VIEWS
from .services import AIRFLOW_PYTHON


@pytest.fixture(scope="session", autouse=True)
def programs() -> None:
    """Leave these tests out where programs are missing; on the gate, which brings them, fail."""
    needed = {
        "PostgreSQL (apt install postgresql)": [
            *filter(None, [shutil.which("initdb")]),
            *Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        ],
        "Redis (apt install redis-server)": shutil.which("redis-server"),
        "Airflow (make test sets it up)": AIRFLOW_PYTHON.exists(),
    }
    missing = [name for name, found in needed.items() if not found]
    if missing:
        reason = f"tests of orchestration need {' and '.join(missing)}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def assert_metrics_are_whole(server: str, run_id: str) -> None:
    """Check that a run holds the whole contract, and nothing twice."""
    client = MlflowClient(server)
    metrics = client.get_run(run_id).data.metrics
    assert contract.required(VIEWS, {"encoder", "decoder"}) <= metrics.keys()
    for key in ("train/loss", "val/loss", "test/mse"):
        steps = [metric.step for metric in client.get_metric_history(run_id, key)]
        assert len(steps) == len(set(steps)), key


def mlflow_runs(server: str, run_key: str) -> dict[str, Run]:
    """Return the runs of an occasion: `parent`, and the cells, as "linear 1"."""
    client = MlflowClient(server)
    experiment = client.get_experiment_by_name("autoencoder_lab")
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id], f"tags.run_key = '{run_key}'")
    runs = {
        f"{run.data.tags['variant']} {run.data.tags['seed']}"
        if "variant" in run.data.tags
        else "parent": run
        for run in found
    }
    assert len(runs) == len(found), "a cell has more than one run"
    return runs
