"""`kedro run --pipelines=stacked`, and what a person finds afterwards."""

import json
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run
from PIL import Image

from autoencoder_lab.metrics import contract
from autoencoder_lab.parameters import SharedParams, VariantParams

from .conftest import ProjectCopy

SMOKE = ("run", "--env=smoke")


@pytest.fixture(scope="module")
def printed(succeed: Callable[..., str]) -> str:
    return succeed(*SMOKE, "--pipelines=stacked")


@pytest.fixture(scope="module")
def run(project: ProjectCopy, printed: str) -> Run:
    [run] = project.runs()
    return run


def test_there_is_one_finished_run_of_the_variants_name(run: Run) -> None:
    assert (run.info.run_name, run.info.status) == ("stacked", "FINISHED")
    assert {
        "variant": "stacked",
        "dataset": "digits",
        "seed": "42",
        "intra_op_threads": "1",
    }.items() <= run.data.tags.items()


def test_parameters_have_the_same_keys_in_every_variants_run(run: Run) -> None:
    logged = {key.split(".")[0] for key in run.data.params}

    assert logged == {*SharedParams.model_fields, *VariantParams.model_fields}
    assert run.data.params["model.widths"] == "[100, 30]"
    assert run.data.params["training.epochs"] == "2"


def test_metrics_are_those_of_the_contract_and_the_time_of_each_node(run: Run) -> None:
    nodes = {key for key in run.data.metrics if key.startswith("node/")}

    assert set(run.data.metrics) - nodes == contract.required(
        ["gaussian_0.2", "gaussian_0.5", "mask_0.5"], has_labels=True
    )
    assert "node/train_autoencoder/seconds" in nodes
    assert all(np.isfinite(value) for value in run.data.metrics.values())


def test_losses_are_logged_by_epoch_and_accuracies_by_labels(
    project: ProjectCopy, run: Run
) -> None:
    losses = project.client.get_metric_history(run.info.run_id, "val/loss")
    accuracies = project.client.get_metric_history(run.info.run_id, "pretraining/scratch")

    assert [metric.step for metric in losses] == [1, 2]
    assert [metric.step for metric in accuracies] == [100]


def test_figures_are_in_mlflow_and_on_disk(project: ProjectCopy, run: Run) -> None:
    logged = project.client.list_artifacts(run.info.run_id, "figures")
    reporting = project.folder / "data" / "08_reporting" / "digits"
    on_disk = {path.name for path in reporting.glob("*/seed-42/*.png")}

    assert {file.path.removeprefix("figures/") for file in logged} == on_disk
    assert len(on_disk) == 7
    for path in reporting.glob("*/seed-42/*.png"):
        with Image.open(path) as figure:
            assert figure.width >= 600
            assert len(np.unique(np.asarray(figure.convert("L")))) > 10


def test_what_is_on_disk_is_what_was_logged(project: ProjectCopy, run: Run) -> None:
    outputs = project.folder / "data" / "07_model_output" / "digits" / "stacked" / "seed-42"
    reporting = project.folder / "data" / "08_reporting" / "digits" / "stacked" / "seed-42"

    history = pd.read_csv(outputs / "training_history.csv")
    measured = json.loads((reporting / "reconstruction_metrics.json").read_text())

    assert history["val/loss"].iloc[-1] == run.data.metrics["val/loss"]
    assert measured["test/mse"] == run.data.metrics["test/mse"]


def test_the_model_loads_in_another_process_that_knows_nothing_of_this_project(
    project: ProjectCopy, run: Run
) -> None:
    [output] = run.outputs.model_outputs
    script = f"""
import json, mlflow, numpy as np
mlflow.set_tracking_uri({f"sqlite:///{project.folder}/mlruns/mlflow.db"!r})
model = mlflow.pyfunc.load_model("models:/{output.model_id}")
images = np.random.default_rng(0).random((3, 8, 8, 1), dtype=np.float32)
shapes = [model.predict(images).shape, model.input_example.shape]
try:
    model.predict(images[:, :7])
except mlflow.MlflowException as error:
    refusal = str(error)
print(json.dumps([shapes, refusal]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd="/"
    )

    assert done.returncode == 0, done.stderr
    shapes, refusal = json.loads(done.stdout.strip().splitlines()[-1])
    assert shapes == [[3, 8, 8, 1], [1, 8, 8, 1]]
    assert "(-1, 8, 8, 1)" in refusal


def test_the_terminal_shows_results_figures_and_how_to_compare(printed: str, run: Run) -> None:
    assert f"{run.data.metrics['test/mse']:.4f}" in printed
    assert "data/08_reporting/digits/stacked/seed-42" in printed
    assert "make ui" in printed
    assert f"/experiments/{run.info.experiment_id}/runs" in printed


def test_the_older_spelling_in_a_sub_folder_gives_the_same_numbers(
    project: ProjectCopy, succeed: Callable[..., str], run: Run
) -> None:
    succeed(*SMOKE, "--pipeline=stacked", folder="src/autoencoder_lab")

    again, first = project.runs()
    assert first.info.run_id == run.info.run_id
    assert again.data.params == first.data.params
    timeless = {key for key in first.data.metrics if "second" not in key}
    assert {key: again.data.metrics[key] for key in timeless} == {
        key: first.data.metrics[key] for key in timeless
    }
    assert not (project.folder / "src" / "mlruns").exists()
    assert not (project.folder / "src" / "autoencoder_lab" / "mlruns").exists()
