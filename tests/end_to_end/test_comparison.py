"""How variants compare: in the session that trains them, and later by itself."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import keras
import numpy as np
import pandas as pd
import pytest
from mlflow.artifacts import download_artifacts
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from ..servers import free_port, wait_for
from .conftest import ProjectCopy, copy_project

VARIANTS = "--pipelines=linear,tied,comparison"
MLFLOW = (sys.executable, "-m", "mlflow")
FOLDER = "data/08_reporting/digits/comparison"
FILES = {
    "cells.csv",
    "differences.csv",
    "label_budgets.png",
    "leaderboard.csv",
    "noise_transfer.csv",
    "noise_transfer.png",
    "pca_curve.csv",
    "promotion.json",
    "rate_distortion.png",
    "reconstructions.png",
    "repetition.csv",
    "report.html",
    "samples.png",
    "scores.csv",
    "time_and_quality.png",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    """Return a project with two variants, two seeds and a failure, all compared."""
    project = copy_project(tmp_path_factory.mktemp("comparison"))
    for seed in (1, 2):
        done = project.kedro("run", "--env=smoke", VARIANTS, f"--params=seed={seed}")
        assert done.returncode == 0, done.stderr
    return project


@pytest.fixture(scope="module")
def failed(project: ProjectCopy) -> subprocess.CompletedProcess[str]:
    """Return what a third seed prints, of which a variant fails."""
    return project.kedro(
        "run", "--env=smoke", VARIANTS, "--params=seed=3,linear.training.learning_rate=1000000000"
    )


def read(project: ProjectCopy, table: str) -> pd.DataFrame:
    return pd.read_csv(project.folder / FOLDER / f"{table}.csv")


def test_a_variant_that_fails_is_a_row_and_the_others_are_compared(
    project: ProjectCopy, failed: subprocess.CompletedProcess[str]
) -> None:
    assert failed.returncode == 1
    assert "failed: linear. To go on" in failed.stderr
    assert f"Report   {project.folder}/{FOLDER}/report.html" in failed.stdout
    cells = read(project, "cells")
    rows = {(row.variant, row.seed): (row.status, row.left_out_as) for row in cells.itertuples()}
    assert rows.pop(("linear", 3)) == ("FAILED", "its run is FAILED")
    assert {status for status, _ in rows.values()} == {"FINISHED"}
    assert len(rows) == 5
    assert "its run is FAILED" in (project.folder / FOLDER / "report.html").read_text()


def test_the_leaderboard_is_over_the_seeds_and_holds_what_the_runs_do(
    project: ProjectCopy, failed: subprocess.CompletedProcess[str]
) -> None:
    board = read(project, "leaderboard").set_index(["metric", "variant"])

    errors = [
        run.data.metrics["test/mse"]
        for run in project.runs()
        if run.data.tags.get("variant") == "tied"
    ]
    assert board.loc["test/mse", "tied"]["seeds"].item() == 3
    assert board.loc["test/mse", "tied"]["mean"].item() == pytest.approx(sum(errors) / 3)
    assert board.loc["test/mse", "tied"]["interval"].item() > 0
    assert board.loc["test/mse", "linear"]["seeds"].item() == 2
    assert set(board["labels"]) == {0, 30, 100}


def test_the_parent_holds_the_comparison_that_is_on_disk(
    project: ProjectCopy, failed: subprocess.CompletedProcess[str]
) -> None:
    parent = project.runs()[0]
    while MLFLOW_PARENT_RUN_ID in parent.data.tags:
        parent = project.client.get_run(parent.data.tags[MLFLOW_PARENT_RUN_ID])

    logged = project.client.list_artifacts(parent.info.run_id, "comparison")
    on_disk = {path.name for path in (project.folder / FOLDER).iterdir()}

    assert {file.path.removeprefix("comparison/") for file in logged} == FILES == on_disk
    report = download_artifacts(
        run_id=parent.info.run_id,
        artifact_path="comparison/report.html",
        tracking_uri=f"sqlite:///{project.folder}/mlruns/mlflow.db",
    )
    with open(report, encoding="utf-8") as page:
        assert page.read() == (project.folder / FOLDER / "report.html").read_text("utf-8")


def test_a_comparison_by_itself_trains_nothing_and_finds_the_same(
    project: ProjectCopy, failed: subprocess.CompletedProcess[str]
) -> None:
    before = read(project, "leaderboard")

    done = project.kedro("run", "--env=smoke", "--pipelines=comparison")

    assert done.returncode == 0, done.stderr
    assert "train_autoencoder" not in done.stdout
    pd.testing.assert_frame_equal(read(project, "leaderboard"), before)
    run = project.runs()[0]
    assert (run.info.run_name, run.info.status) == ("comparison digits 42", "FINISHED")


@pytest.fixture(scope="module")
def address(
    project: ProjectCopy,
    failed: subprocess.CompletedProcess[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Return where the champion answers: a server that knows nothing of this project."""
    port = free_port()
    model = "models:/autoencoder-digits@champion"
    process = subprocess.Popen(
        [*MLFLOW, "models", "serve", "-m", model, "--env-manager", "local", "--port", str(port)],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        env={**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{project.folder}/mlruns/mlflow.db"},
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    wait_for(f"{address}/ping", process)
    yield f"{address}/invocations"
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(30)


def ask(address: str, images: np.ndarray, **params: str) -> object:
    """Return what a server answers to images: predictions, or its refusal."""
    body = json.dumps({"inputs": images.tolist(), "params": params}).encode()
    request = Request(address, body, {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=60) as answer:
            return np.array(json.load(answer)["predictions"])
    except HTTPError as refusal:
        return f"{refusal.code} {refusal.read().decode()}"


def test_the_champion_is_chosen_on_the_validation_images_and_answers_over_http(
    project: ProjectCopy, address: str
) -> None:
    promotion = json.loads((project.folder / FOLDER / "promotion.json").read_text())
    champion = project.client.get_model_version_by_alias("autoencoder-digits", "champion")
    run = project.client.get_run(champion.run_id)
    rng = np.random.default_rng(0)
    images = rng.random((3, 8, 8, 1), dtype=np.float32)
    folder = f"{run.data.tags['variant']}/seed-{run.data.tags['seed']}"
    file = project.folder / "data/06_models/digits" / folder / "model.keras"
    autoencoder = keras.saving.load_model(file)

    assert promotion["metric"] == "validation/mse"
    assert champion.tags["reason"] == "there was no champion"
    reconstructions = autoencoder.predict(images, verbose=0)
    codings = autoencoder.get_layer("encoder").predict(images, verbose=0)
    np.testing.assert_allclose(ask(address, images), reconstructions, rtol=1e-5)
    np.testing.assert_allclose(ask(address, images, task="denoise"), reconstructions, rtol=1e-5)
    np.testing.assert_allclose(ask(address, images, task="encode"), codings, rtol=1e-5)
    for refusal, reason in (
        (ask(address, images, task="dream"), "allowed: reconstruct, denoise, encode"),
        (ask(address, images[:, :7]), "allowed: (n, 8, 8, 1)"),
        (ask(address, 255 * images), "allowed: 0 to 1"),
    ):
        assert str(refusal).startswith("400 ")
        assert reason in str(refusal)


def test_nothing_to_compare_is_an_error_before_a_run_starts(project: ProjectCopy) -> None:
    n_runs = len(project.runs())

    done = project.kedro(
        "run", "--env=smoke", "--pipelines=comparison", "--params=run_key=november"
    )

    assert done.returncode == 1
    assert "no run of data set digits and run_key november is finished" in done.stderr
    assert "kedro run --params=dataset=digits,run_key=november" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().endswith("False"), "TensorFlow was loaded"
    assert len(project.runs()) == n_runs
