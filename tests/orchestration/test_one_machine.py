"""`make schedule` on one machine: cron occasions, retries, and what becomes of failures."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

from .conftest import assert_metrics_are_whole, mlflow_runs
from .services import Airflow, copy_for_airflow, running_airflow

SETTINGS = {"dataset": "digits", "env": "smoke", "params": None}
SCHEDULES = {
    "retrain": {"schedule": None, "variants": ["linear", "tied"], "seeds": "1", **SETTINGS},
    "each_minute": {"schedule": "* * * * *", "variants": ["linear"], "seeds": "1", **SETTINGS},
}


@pytest.fixture(scope="module")
def airflow(home: Path, server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    project = copy_for_airflow(tmp_path_factory.mktemp("one machine"), server, SCHEDULES)
    with running_airflow(project, home) as airflow:
        yield airflow


def test_a_task_that_fails_once_goes_on_and_one_that_always_fails_is_isolated(
    airflow: Airflow, server: str
) -> None:
    run_key = "retrain-mixed"
    cell = f"digits/{run_key}/tied/seed-1"
    model = airflow.project / "data/06_models" / cell / "model.keras"
    in_the_way = airflow.project / "data/07_model_output" / cell / "pretraining_scores.csv"
    airflow.switch("retrain", on=True)
    airflow.trigger("retrain", "mixed", params="linear.training.learning_rate=1e9")
    airflow.wait(model.exists)
    in_the_way.mkdir()
    airflow.wait(lambda: is_waiting_for_its_retry(airflow))
    in_the_way.rmdir()
    first = mlflow_runs(server, run_key)["tied 1"]

    state = airflow.wait_until_over("retrain", "mixed")

    tasks = airflow.tasks("retrain", "mixed")
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
    assert "Running tied.train_autoencoder" not in airflow.log("retrain", "mixed", "train 1")
    runs = mlflow_runs(server, run_key)
    assert {name: run.info.status for name, run in runs.items()} == {
        "parent": "FAILED",
        "linear 1": "FAILED",
        "tied 1": "FINISHED",
    }
    assert runs["tied 1"].info.run_id == first.info.run_id
    assert_metrics_are_whole(server, runs["tied 1"].info.run_id)


def is_waiting_for_its_retry(airflow: Airflow) -> bool:
    task = airflow.tasks("retrain", "mixed").get("train 1")
    return task is not None and task["state"] == "up_for_retry"


def test_wrong_settings_are_refused_by_the_plan_and_nothing_runs(airflow: Airflow) -> None:
    airflow.switch("retrain", on=True)
    airflow.trigger("retrain", "wrong", variants=["linaer"])

    state = airflow.wait_until_over("retrain", "wrong")

    assert state == "failed"
    assert "linaer (did you mean linear?)" in airflow.log("retrain", "wrong", "plan")
    states = {name: task["state"] for name, task in airflow.tasks("retrain", "wrong").items()}
    assert states == {"plan": "failed"} | dict.fromkeys(
        ("ingest", "train", "comparison", "verdict"), "upstream_failed"
    )


def test_cron_fires_occasions_that_do_not_mix(airflow: Airflow, server: str) -> None:
    airflow.switch("each_minute", on=True)
    airflow.wait(lambda: len(airflow.runs("each_minute")) == 2)
    occasions = [run["dag_run_id"] for run in airflow.runs("each_minute")]

    states = [airflow.wait_until_over("each_minute", run_id) for run_id in occasions]

    airflow.switch("each_minute", on=False)
    assert states == ["success", "success"]
    assert all(run_id.startswith("scheduled__") for run_id in occasions)
    keys = [f"each_minute-{run_id[:-6].replace(':', '')}" for run_id in occasions]
    for key in keys:
        runs = mlflow_runs(server, key)
        said = runs["parent"].data.tags[MLFLOW_RUN_NOTE]
        assert (f"are equal to those of {keys[0]}, bit for bit" in said) == (key == keys[1])
        assert {name: run.info.status for name, run in runs.items()} == {
            "parent": "FINISHED",
            "linear 1": "FINISHED",
        }
        assert_metrics_are_whole(server, runs["linear 1"].info.run_id)
        assert (airflow.project / f"data/06_models/digits/{key}/linear/seed-1").is_dir()
