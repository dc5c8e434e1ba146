"""`kedro run` with every variant, and all that reads back what it left: one run for all of it."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import mlflow
import nbformat
import numpy as np
import pandas as pd
import pytest
import requests
import yaml
from kedro.framework.project import configure_project, pipelines
from mlflow.entities import Run
from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NOTE
from nbclient import NotebookClient
from PIL import Image

from autoencoder_lab.metrics import contract
from autoencoder_lab.parameters import Capability, SharedParams, VariantParams, capabilities
from autoencoder_lab.session.variants import find_variants

from ..servers import kedro_viz, mlflow_server
from .conftest import PROJECT, VIEWS, ProjectCopy, copy_project

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
configure_project("autoencoder_lab")
PIPELINES = dict(pipelines)
VARIANTS = find_variants().base
PARENT = "all variants"
REPORTING = Path("data/08_reporting/digits")
FAMILIES = ("stacked", "tied", "convolutional")
"""A variant of each."""


@dataclass(frozen=True)
class SmokeRun:
    """`kedro run --env=smoke`, and what it left. To be read, not to be changed."""

    project: ProjectCopy
    printed: str
    runs: dict[str, Run]
    """By their names."""

    def can(self, variant: str) -> frozenset[Capability]:
        params = self.runs[variant].data.params
        return capabilities(params["model.family"], params["training.strategy.kind"])


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> SmokeRun:
    project = copy_project(tmp_path_factory.mktemp("smoke"))
    done = project.as_a_user.kedro("run", "--env=smoke")
    assert done.returncode == 0, done.stdout + done.stderr
    return SmokeRun(project, done.stdout, project.named_runs())


@pytest.fixture
def stacked(smoke: SmokeRun) -> Run:
    return smoke.runs["stacked"]


def timeless(run: Run) -> dict[str, float]:
    return {
        key: value
        for key, value in run.data.metrics.items()
        if "second" not in key and not key.startswith("system/")
    }


def artifacts(run: Run) -> Path:
    """Return the folder of a run's artifacts in the embedded store."""
    return Path(local_file_uri_to_path(run.info.artifact_uri))


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
    runs = [smoke.runs[variant].info for variant in sorted(VARIANTS)]
    assert all(earlier.end_time <= later.start_time for earlier, later in pairwise(runs))


def test_what_is_untrained_is_fitted_once_for_an_architecture(smoke: SmokeRun) -> None:
    printed = " ".join(smoke.printed.split())
    outputs = smoke.project.folder / "data/07_model_output/digits/shared/seed-42"
    n_architectures = len([*outputs.glob("untrained/*/accuracies.csv")])

    taken = re.findall(r"Reusing (\w+)\.untrained_accuracies_of_\w+ from", printed)

    with_encoder = [variant for variant in VARIANTS if "encoder" in smoke.can(variant)]
    assert len(taken) == len(with_encoder) - n_architectures
    assert {"denoising_gaussian", "greedy", "stacked"} <= set(taken)  # all as denoising_dropout


def test_parameters_have_the_same_keys_in_every_variants_run(smoke: SmokeRun) -> None:
    keys = {variant: set(smoke.runs[variant].data.params) for variant in VARIANTS}

    shared = set.intersection(*keys.values())
    blocks = {key.split(".")[0] for key in shared}
    # What is made of the runs afterwards is not what they are made with.
    assert blocks == {*SharedParams.model_fields, *VariantParams.model_fields} - {
        "promotion",
        "only_by_name",
    }
    # What only some have stands beside them.
    of_encoders = {"model.coding_activation"}
    assert keys["stacked"] - shared == {"model.widths", *of_encoders}
    assert keys["convolutional"] - shared == {"model.filters", "model.kernel_size", *of_encoders}
    assert keys["denoising_dropout"] - keys["stacked"] == {"training.corruption.rate"}
    assert smoke.runs["stacked"].data.params["model.widths"] == "[100, 30]"
    assert smoke.runs["stacked"].data.params["training.epochs"] == "2"


PARTS = {
    variant: {f"{split}/{part}" for split in ("train", "val") for part in parts}
    for variant, parts in {
        "sparse": ("reconstruction", "sparsity"),
        "variational": ("reconstruction", "kl"),
        "adversarial": ("reconstruction", "misleading", "discriminator"),
        "gan": ("discriminator", "slope"),
    }.items()
}
"""What else the runs hold of variants whose loss has several parts."""


def test_metrics_are_those_of_the_contract_and_the_time_of_each_node(smoke: SmokeRun) -> None:
    for variant in VARIANTS:
        metrics = smoke.runs[variant].data.metrics
        nodes = {key for key in metrics if key.startswith("node/")}
        machine = {key for key in metrics if key.startswith("system/")}

        required = contract.required(VIEWS, {*smoke.can(variant), "classes", "grey"})
        assert set(metrics) - nodes - machine == required | PARTS.get(variant, set())
        assert "node/train_autoencoder/seconds" in nodes
        assert "node/split_images/seconds" not in nodes
        assert "system/cpu_utilization_percentage" in machine
        assert all(np.isfinite(value) for value in metrics.values())
    assert "node/split_images/seconds" in smoke.runs[PARENT].data.metrics


def require_a_record_of_every_node(runs: dict[str, Run], parent: str, folder: str) -> None:
    """Assert that each node has a metric and an artifact, with parameters, in the right run."""
    for node in PIPELINES["__default__"].nodes:
        if node.namespace not in {None, *runs}:
            continue
        name = node.name.rpartition(".")[2]
        run = runs[node.namespace or parent]
        [place] = artifacts(run).glob("nodes/*" if node.namespace else f"{folder}nodes/*")
        record = json.loads(place.read_text())[name]

        assert run.data.metrics[f"node/{name}/seconds"] == pytest.approx(
            record["seconds"], abs=1e-3
        )
        assert record["parameters"].keys() >= {"ingest.split_seed"}
        assert record["outputs"].keys() == {
            output.removeprefix(f"{node.namespace}.") for output in node.outputs
        }
        if node.namespace:
            logged = {key: str(value) for key, value in record["parameters"].items()}
            assert logged.items() <= run.data.params.items()


def test_every_node_logs_parameters_a_metric_and_an_artifact(smoke: SmokeRun) -> None:
    require_a_record_of_every_node(smoke.runs, PARENT, "")


def test_runs_name_their_data_with_digests(smoke: SmokeRun) -> None:
    summary = json.loads(
        (smoke.project.folder / REPORTING / "shared/seed-42/data_summary.json").read_text()
    )
    for run in smoke.runs.values():
        inputs = {
            it.dataset.name: (it.dataset.digest, it.tags[0].value)
            for it in run.inputs.dataset_inputs
        }
        assert inputs == {
            f"digits/{split}": (summary[split]["sha256"][:8], context)
            for split, context in (
                ("train", "training"),
                ("validation", "validation"),
                ("test", "testing"),
            )
        }


def test_runs_hold_configuration_packages_and_lock(smoke: SmokeRun) -> None:
    for name, run in smoke.runs.items():
        folder = artifacts(run)
        parameters = yaml.safe_load((folder / "configuration/parameters.yml").read_text())
        catalog = yaml.safe_load((folder / "configuration/catalog.yml").read_text())
        packages = (folder / "environment/packages.txt").read_text().splitlines()

        assert (parameters["dataset"], parameters["stacked"]["training"]["epochs"]) == ("digits", 2)
        assert catalog["raw_images"]["dataset"]["filepath"] == "data/01_raw/digits"
        assert f"keras=={version('keras')}" in packages
        lock = (folder / "environment/requirements.txt").read_bytes()
        assert lock == (PROJECT / "requirements.txt").read_bytes(), name


def test_runs_describe_themselves(smoke: SmokeRun, stacked: Run) -> None:
    note = stacked.data.tags[MLFLOW_RUN_NOTE]

    assert note.startswith("**stacked** on **digits**, seed 42.\n\n`kedro run --env=smoke`")
    assert f"| MSE | {stacked.data.metrics['test/mse']:.4f} |" in note
    assert f"`kedro replay {stacked.info.run_id}`" in note
    about_all = smoke.runs[PARENT].data.tags[MLFLOW_RUN_NOTE]
    assert about_all.startswith(", ".join(VARIANTS) + " on **digits**, seed 42.")


def test_losses_are_logged_by_epoch_and_accuracies_by_labels(smoke: SmokeRun, stacked: Run) -> None:
    losses = smoke.project.client.get_metric_history(stacked.info.run_id, "val/loss")
    accuracies = smoke.project.client.get_metric_history(stacked.info.run_id, "pretraining/scratch")

    assert [metric.step for metric in losses] == [1, 2]
    assert [metric.step for metric in accuracies] == [30, 100]


def test_figures_are_in_mlflow_and_on_disk(smoke: SmokeRun) -> None:
    for name, folder, n_figures in ((PARENT, "shared", 2), ("linear", "linear", 11)):
        run_id = smoke.runs[name].info.run_id
        logged = smoke.project.client.list_artifacts(run_id, "figures")
        reporting = smoke.project.folder / REPORTING / folder / "seed-42"
        on_disk = [*reporting.glob("*.png")]

        assert {file.path.removeprefix("figures/") for file in logged} == {
            path.name for path in (*on_disk, *reporting.glob("*.html"))
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


def test_models_load_in_another_process_that_knows_nothing_of_this_project(
    smoke: SmokeRun,
) -> None:
    models = {
        variant: (
            smoke.runs[variant].outputs.model_outputs[0].model_id,
            str(smoke.project.folder / f"data/06_models/digits/{variant}/seed-42/model.keras"),
        )
        for variant in FAMILIES
    }
    script = f"""
import json, keras, mlflow, numpy as np
mlflow.set_tracking_uri({f"sqlite:///{smoke.project.folder}/mlruns/mlflow.db"!r})
images = np.random.default_rng(0).random((3, 8, 8, 1), dtype=np.float32)
for variant, (model_id, file) in {models!r}.items():
    model = mlflow.pyfunc.load_model(f"models:/{{model_id}}")
    logged = model.predict(images)
    saved = keras.models.load_model(file, safe_mode=True).predict(images, verbose=0)
    try:
        model.predict(images[:, :7])
    except mlflow.MlflowException as error:
        refusal = str(error)
    difference = float(abs(logged - saved).max())
    print(json.dumps([variant, logged.shape, model.input_example.shape, difference, refusal]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd="/"
    )

    assert done.returncode == 0, done.stderr
    loaded = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert [variant for variant, *_ in loaded] == [*FAMILIES]
    for _, shape, example_shape, difference, refusal in loaded:
        assert (shape, example_shape) == ([3, 8, 8, 1], [1, 8, 8, 1])
        assert difference < 1e-6
        assert "allowed: (n, 8, 8, 1)" in refusal


def test_the_terminal_shows_results_figures_runs_and_how_to_compare(
    smoke: SmokeRun, stacked: Run
) -> None:
    assert f"{stacked.data.metrics['test/mse']:.4f}" in smoke.printed
    assert "Few labels" in smoke.printed
    assert "data/08_reporting/digits/stacked/seed-42" in smoke.printed
    assert f"{stacked.info.run_id}  stacked" in smoke.printed
    assert "make ui" in smoke.printed
    assert f"/experiments/{stacked.info.experiment_id}/runs" in smoke.printed


def test_kedro_viz_has_layers_a_box_for_each_variant_and_previews(smoke: SmokeRun) -> None:
    with kedro_viz(smoke.project.folder) as address:
        drawn = requests.get(f"{address}/api/main", timeout=60).json()
        nodes = {node["name"]: node["id"] for node in drawn["nodes"]}
        previews = {
            name: requests.get(f"{address}/api/nodes/{nodes[name]}", timeout=60).json()["preview"]
            for name in ("stacked.reconstructions_figure", "stacked.fit_metrics", "scores_table")
        }

    assert drawn["layers"] == ["raw", "model_input", "models", "model_output", "reporting"]
    assert {*VARIANTS} == {*drawn["modular_pipelines"]} - {"__root__"}
    assert all(previews.values())
    assert not (smoke.project.folder / ".viz").exists(), "a run wrote Kedro-Viz' files"


@pytest.mark.skipif(
    not shutil.which("chromium") and "CI" not in os.environ, reason="there is no chromium"
)
def test_pages_show_and_compare_all_variants_in_a_browser(smoke: SmokeRun, tmp_path: Path) -> None:
    script = PROJECT / "docs" / "screenshots.py"

    folder = smoke.project.folder
    with mlflow_server(folder / "mlruns") as address, kedro_viz(folder) as viz:
        done = subprocess.run(
            [sys.executable, script, "--address", address, "--viz", viz, "--out", tmp_path],
            env={**os.environ, "PYTHONPATH": str(PROJECT / "src")},
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done.stderr[-3000:]
    pictures = sorted(tmp_path.iterdir())
    names = ["charts", "compare", "images", "map", "pipeline", "runs"]
    assert [path.stem for path in pictures] == names
    for path in pictures:
        with Image.open(path) as picture:
            assert len(np.unique(np.asarray(picture.convert("L")))) > 50


def test_alone_in_a_sub_folder_by_the_older_spelling_a_variant_gives_the_same_numbers(
    smoke: SmokeRun, stacked: Run
) -> None:
    seed = "--params=seed=42,run_key=alone"

    done = smoke.project.kedro(
        "run", "--env=smoke", "--pipeline=stacked", seed, folder="src/autoencoder_lab"
    )

    assert done.returncode == 0, done.stderr
    alone = smoke.project.runs()[0]
    assert alone.info.run_name == "stacked digits 42"
    assert timeless(alone) == timeless(stacked)
    assert not [*smoke.project.folder.glob("src/**/mlruns")]


def test_in_threads_variants_give_the_same_numbers_each_in_its_run(smoke: SmokeRun) -> None:
    pipelines = ",".join([*FAMILIES, "comparison"])
    done = smoke.project.kedro(
        "run",
        "--env=smoke",
        f"--pipelines={pipelines}",
        "--runner=ThreadRunner",
        "--params=run_key=threads",
    )

    assert done.returncode == 0, done.stderr
    threads = smoke.project.named_runs(1 + len(FAMILIES))
    assert set(threads) == {"threads", *FAMILIES}
    for variant in FAMILIES:
        assert threads[variant].info.status == "FINISHED"
        assert timeless(threads[variant]) == timeless(smoke.runs[variant])
    require_a_record_of_every_node(threads, "threads", "digits/")


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


def test_models_with_a_prior_are_served_to_sample(smoke: SmokeRun) -> None:
    models = {
        variant: mlflow.pyfunc.load_model(served(smoke, variant)) for variant in ("gan", "stacked")
    }

    def sample(variant: str, **params: int) -> np.ndarray:
        return models[variant].predict(np.empty((0, 64)), params={"task": "sample", **params})

    assert sample("gan").shape == (1, 8, 8, 1)
    drawn = sample("gan", n=5, seed=1)
    assert drawn.shape == (5, 8, 8, 1)
    np.testing.assert_array_equal(drawn, sample("gan", n=5, seed=1))
    assert not np.array_equal(drawn, sample("gan", n=5, seed=2))
    with pytest.raises(mlflow.MlflowException, match="n is -1; allowed: 0 to 10000"):
        sample("gan", n=-1)
    with pytest.raises(mlflow.MlflowException, match="'sample'; allowed: reconstruct, denoise"):
        sample("stacked")


def served(smoke: SmokeRun, variant: str) -> str:
    """Return where a run's model is: by its name, MLflow would remember the store."""
    [model] = smoke.runs[variant].outputs.model_outputs
    return str(smoke.project.folder / "mlruns/artifacts/models" / model.model_id / "artifacts")
