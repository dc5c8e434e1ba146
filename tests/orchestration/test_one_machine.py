"""`make schedule` on one machine: cron, retries, and what becomes of failures."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

from .conftest import assert_metrics_are_whole, mlflow_runs
from .services import (
    BRISK,
    Airflow,
    copy_for_airflow,
    preload_kedro,
    running_airflow,
    temporary_home,
)

LONG = "tied.training.epochs=1000"
"""Long enough to put something in the way of a figure while the model is trained."""

SETTINGS = {"dataset": "tiny", "seeds": "1", "env": "smoke", "params": LONG}


@pytest.fixture(scope="module")
def now() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)


@pytest.fixture(scope="module")
def airflow(
    now: datetime, server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Airflow]:
    """Run Airflow, in which an occasion is begun by cron, and at the same time one by hand."""
    # Once a year, at this minute: for cron it is due, and no other comes in its way.
    yearly = {"schedule": f"{now:%M %H %d %m} *", "variants": ["tied"], **SETTINGS}
    retrain = {"schedule": None, "variants": ["linear", "tied"], **SETTINGS}
    schedules = {"yearly": yearly, "retrain": retrain}
    project = copy_for_airflow(tmp_path_factory.mktemp("one machine"), server, schedules)
    preload_kedro(project)
    with temporary_home() as home, running_airflow(project, home, variables=BRISK) as airflow:
        airflow.switch("yearly", on=True)
        airflow.switch("retrain", on=True)
        airflow.trigger("retrain", "wrong", variants=["linaer"])
        yield airflow


@pytest.fixture(scope="module")
def occasion_of_cron(airflow: Airflow) -> str:
    """Return the name of the run that cron began, once it is over."""
    [run] = airflow.wait(lambda: airflow.runs("yearly"))
    airflow.wait_until_over("yearly", run["dag_run_id"])
    return str(run["dag_run_id"])


def test_cron_fires_an_occasion(
    airflow: Airflow, occasion_of_cron: str, now: datetime, server: str
) -> None:
    state = airflow.run("yearly", occasion_of_cron)["state"]

    assert state == "success"
    assert occasion_of_cron == f"scheduled__{now.isoformat()}"
    key = run_key_of(occasion_of_cron)
    runs = mlflow_runs(server, key)
    assert "bit for bit" not in runs["parent"].data.tags[MLFLOW_RUN_NOTE]
    assert {name: run.info.status for name, run in runs.items()} == {
        "parent": "FINISHED",
        "tied 1": "FINISHED",
    }
    assert_metrics_are_whole(server, runs["tied 1"].info.run_id)
    assert (airflow.project / f"data/06_models/tiny/{key}/tied/seed-1").is_dir()


def run_key_of(occasion_of_cron: str) -> str:
    return f"yearly-{occasion_of_cron.removesuffix('+00:00').replace(':', '')}"


def test_wrong_settings_are_refused_by_the_plan_and_nothing_runs(airflow: Airflow) -> None:
    state = airflow.wait_until_over("retrain", "wrong")

    assert state == "failed"
    assert "linaer (did you mean linear?)" in airflow.log("retrain", "wrong", "plan")
    states = {name: task["state"] for name, task in airflow.tasks("retrain", "wrong").items()}
    assert states == {"plan": "failed"} | dict.fromkeys(
        ("ingest", "train", "comparison", "verdict"), "upstream_failed"
    )


def test_a_task_that_fails_once_goes_on_and_one_that_always_fails_is_isolated(
    airflow: Airflow, occasion_of_cron: str, server: str
) -> None:
    run_key = "yearly-mixed"
    cell = airflow.project / f"data/08_reporting/tiny/{run_key}/tied/seed-1"
    in_the_way = cell / "pretraining.png"  # written last
    params = f"{LONG},linear.training.learning_rate=1e9"
    airflow.trigger("yearly", "mixed", variants=["linear", "tied"], params=params)
    airflow.wait(lambda: is_training(airflow))
    in_the_way.mkdir()
    airflow.switch("yearly", on=False)  # no task is tried again before the way is free
    airflow.wait(lambda: is_waiting_for_its_retry(airflow))
    in_the_way.rmdir()
    first = mlflow_runs(server, run_key)["tied 1"]
    airflow.switch("yearly", on=True)

    state = airflow.wait_until_over("yearly", "mixed")

    tasks = airflow.tasks("yearly", "mixed")
    assert {name: (task["state"], task["try_number"]) for name, task in tasks.items()} == {
        "plan": ("success", 1),
        "ingest": ("success", 1),
        "train 0": ("failed", 3),
        "train 1": ("success", 2),
        "comparison": ("success", 1),
        "verdict": ("failed", 1),
    }
    assert state == "failed"
    assert tasks["train 1"]["rendered_map_index"] == "tied 1"
    assert "Running tied.train_autoencoder" not in airflow.log("yearly", "mixed", "train 1")
    runs = mlflow_runs(server, run_key)
    assert {name: run.info.status for name, run in runs.items()} == {
        "parent": "FAILED",
        "linear 1": "FAILED",
        "tied 1": "FINISHED",
    }
    assert runs["tied 1"].info.run_id == first.info.run_id
    assert_metrics_are_whole(server, runs["tied 1"].info.run_id)
    said = runs["parent"].data.tags[MLFLOW_RUN_NOTE]
    assert f"are equal to those of {run_key_of(occasion_of_cron)}, bit for bit" in said


def is_training(airflow: Airflow) -> bool:
    task = airflow.tasks("yearly", "mixed").get("train 1")
    return (
        task is not None
        and task["state"] == "running"
        and "Running tied.train_autoencoder" in airflow.log("yearly", "mixed", "train 1")
    )


def is_waiting_for_its_retry(airflow: Airflow) -> bool:
    task = airflow.tasks("yearly", "mixed").get("train 1")
    return task is not None and task["state"] == "up_for_retry"
