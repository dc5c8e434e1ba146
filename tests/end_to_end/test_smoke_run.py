"""`kedro run` with every variant, and all that reads back what it left: one run for all of it."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID
from nbclient import NotebookClient
from PIL import Image

from autoencoder_lab.metrics import contract
from autoencoder_lab.parameters import SharedParams, VariantParams

from .conftest import PROJECT, ProjectCopy, copy_project

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
VARIANTS = sorted(file.stem for file in (PROJECT / "conf/base/parameters").glob("*.yml"))
PARENT = "all variants"
REPORTING = Path("data/08_reporting/digits")
VIEWS = ("gaussian_0.2", "gaussian_0.5", "mask_0.5")


@dataclass(frozen=True)
class SmokeRun:
    """`kedro run --env=smoke`, and what it left. To be read, not to be changed."""

    project: ProjectCopy
    printed: str
    runs: dict[str, Run]
    """By their names."""


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> SmokeRun:
    project = copy_project(tmp_path_factory.mktemp("smoke"))
    done = project.kedro("run", "--env=smoke")
    assert done.returncode == 0, done.stdout + done.stderr
    return SmokeRun(project, done.stdout, {run.info.run_name: run for run in project.runs()})


@pytest.fixture
def stacked(smoke: SmokeRun) -> Run:
    return smoke.runs["stacked"]


def timeless(run: Run) -> dict[str, float]:
    return {key: value for key, value in run.data.metrics.items() if "second" not in key}


def test_each_variant_is_a_finished_child_of_one_parent(smoke: SmokeRun) -> None:
    parent = smoke.runs[PARENT]

    assert set(smoke.runs) == {PARENT, *VARIANTS}
    for name, run in smoke.runs.items():
        assert run.info.status == "FINISHED"
        assert {"dataset": "digits", "seed": "42", "intra_op_threads": "1"}.items() <= (
            run.data.tags.items()
        )
        assert run.data.tags.get("variant") == (None if run is parent else name)
        assert run.data.tags.get(MLFLOW_PARENT_RUN_ID) == (
            None if run is parent else parent.info.run_id
        )
        assert run.data.tags["data_digest"] == parent.data.tags["data_digest"]


def test_one_variant_ends_before_the_next_begins(smoke: SmokeRun) -> None:
    begun = re.findall(r"Running (\w+)\.\w+", smoke.printed)

    assert begun == sorted(begun)
    assert set(begun) == set(VARIANTS)


def test_parameters_have_the_same_keys_in_every_variants_run(smoke: SmokeRun) -> None:
    keys = {variant: set(smoke.runs[variant].data.params) for variant in VARIANTS}

    shared = set.intersection(*keys.values())
    blocks = {key.split(".")[0] for key in shared}
    assert blocks == {*SharedParams.model_fields, *VariantParams.model_fields}
    # What only some have stands beside them.
    assert keys["stacked"] - shared == {"model.widths"}
    assert keys["convolutional"] - shared == {"model.filters", "model.kernel_size"}
    assert keys["denoising_dropout"] - keys["stacked"] == {"training.corruption.rate"}
    assert smoke.runs["stacked"].data.params["model.widths"] == "[100, 30]"
    assert smoke.runs["stacked"].data.params["training.epochs"] == "2"


def test_metrics_are_those_of_the_contract_and_the_time_of_each_node(smoke: SmokeRun) -> None:
    for variant in VARIANTS:
        metrics = smoke.runs[variant].data.metrics
        nodes = {key for key in metrics if key.startswith("node/")}

        assert set(metrics) - nodes == contract.required(VIEWS, has_labels=True)
        assert "node/train_autoencoder/seconds" in nodes
        assert "node/split_images/seconds" not in nodes
        assert all(np.isfinite(value) for value in metrics.values())
    assert "node/split_images/seconds" in smoke.runs[PARENT].data.metrics


def test_losses_are_logged_by_epoch_and_accuracies_by_labels(smoke: SmokeRun, stacked: Run) -> None:
    losses = smoke.project.client.get_metric_history(stacked.info.run_id, "val/loss")
    accuracies = smoke.project.client.get_metric_history(stacked.info.run_id, "pretraining/scratch")

    assert [metric.step for metric in losses] == [1, 2]
    assert [metric.step for metric in accuracies] == [30, 100]


def test_figures_are_in_mlflow_and_on_disk(smoke: SmokeRun) -> None:
    for name, folder, n_figures in ((PARENT, "shared", 2), ("linear", "linear", 9)):
        run_id = smoke.runs[name].info.run_id
        logged = smoke.project.client.list_artifacts(run_id, "figures")
        on_disk = [*smoke.project.folder.glob(f"{REPORTING}/{folder}/seed-42/*.png")]

        assert {file.path.removeprefix("figures/") for file in logged} == {
            path.name for path in on_disk
        }
        assert len(on_disk) == n_figures
        for path in on_disk:
            with Image.open(path) as figure:
                assert figure.width >= 600
                assert len(np.unique(np.asarray(figure.convert("L")))) > 10


def test_what_is_on_disk_is_what_was_logged(smoke: SmokeRun, stacked: Run) -> None:
    outputs = smoke.project.folder / "data/07_model_output/digits/stacked/seed-42"
    reporting = smoke.project.folder / REPORTING / "stacked/seed-42"

    history = pd.read_csv(outputs / "training_history.csv")
    measured = json.loads((reporting / "reconstruction_metrics.json").read_text())

    assert history["val/loss"].iloc[-1] == stacked.data.metrics["val/loss"]
    assert measured["test/mse"] == stacked.data.metrics["test/mse"]


@pytest.mark.parametrize("variant", ["stacked", "tied", "convolutional"])  # one of each family
def test_the_model_loads_in_another_process_that_knows_nothing_of_this_project(
    variant: str, smoke: SmokeRun
) -> None:
    [output] = smoke.runs[variant].outputs.model_outputs
    saved = smoke.project.folder / f"data/06_models/digits/{variant}/seed-42/model.keras"
    script = f"""
import json, keras, mlflow, numpy as np
mlflow.set_tracking_uri({f"sqlite:///{smoke.project.folder}/mlruns/mlflow.db"!r})
model = mlflow.pyfunc.load_model("models:/{output.model_id}")
images = np.random.default_rng(0).random((3, 8, 8, 1), dtype=np.float32)
logged = model.predict(images)
saved = keras.models.load_model({str(saved)!r}, safe_mode=True).predict(images, verbose=0)
try:
    model.predict(images[:, :7])
except mlflow.MlflowException as error:
    refusal = str(error)
difference = float(abs(logged - saved).max())
print(json.dumps([logged.shape, model.input_example.shape, difference, refusal]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd="/"
    )

    assert done.returncode == 0, done.stderr
    shape, example_shape, difference, refusal = json.loads(done.stdout.strip().splitlines()[-1])
    assert (shape, example_shape) == ([3, 8, 8, 1], [1, 8, 8, 1])
    assert difference < 1e-6
    assert "(-1, 8, 8, 1)" in refusal


def test_the_terminal_shows_results_figures_runs_and_how_to_compare(
    smoke: SmokeRun, stacked: Run
) -> None:
    assert f"{stacked.data.metrics['test/mse']:.4f}" in smoke.printed
    assert "Few labels" in smoke.printed
    assert "data/08_reporting/digits/stacked/seed-42" in smoke.printed
    assert f"{stacked.info.run_id}  stacked" in smoke.printed
    assert "make ui" in smoke.printed
    assert f"/experiments/{stacked.info.experiment_id}/runs" in smoke.printed


def test_alone_in_a_sub_folder_by_the_older_spelling_a_variant_gives_the_same_numbers(
    smoke: SmokeRun, stacked: Run
) -> None:
    seed = "--params=seed=42,run_key=alone"

    done = smoke.project.kedro(
        "run", "--env=smoke", "--pipeline=stacked", seed, folder="src/autoencoder_lab"
    )

    assert done.returncode == 0, done.stderr
    alone = smoke.project.runs()[0]
    assert alone.info.run_name == "stacked"
    assert timeless(alone) == timeless(stacked)
    assert not [*smoke.project.folder.glob("src/**/mlruns")]


def test_in_threads_variants_give_the_same_numbers_each_in_its_run(smoke: SmokeRun) -> None:
    done = smoke.project.kedro(
        "run", "--env=smoke", "--runner=ThreadRunner", "--params=run_key=threads"
    )

    assert done.returncode == 0, done.stderr
    threads = {run.info.run_name: run for run in smoke.project.runs()[: 1 + len(VARIANTS)]}
    for variant in VARIANTS:
        assert threads[variant].info.status == "FINISHED"
        assert timeless(threads[variant]) == timeless(smoke.runs[variant])


def test_results_of_other_parameters_are_not_passed_off_as_these(smoke: SmokeRun) -> None:
    project = smoke.project
    before, n_runs = project.written(), len(project.runs())

    done = project.kedro(
        "run",
        "--env=smoke",
        "--pipelines=stacked",
        "--params=stacked.training.epochs=7",
        "--only-missing-outputs",
    )

    assert done.returncode == 1
    assert "model.keras" in done.stderr
    assert "stacked.training.epochs was 2, is 7" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().endswith("False"), "TensorFlow was loaded"
    assert project.written() == before
    assert len(project.runs()) == n_runs


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_and_shows_a_figure(
    path: Path, smoke: SmokeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEDRO_ENV", "smoke")
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "commit it without outputs"

    NotebookClient(notebook, resources={"metadata": {"path": str(smoke.project.folder)}}).execute()

    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in shown)
