"""`kedro doctor`: sound, then broken piece by piece, each with what mends it."""

import re
import shutil
from pathlib import Path

import pytest

from .conftest import ProjectCopy, copy_tiny_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    project = copy_tiny_project(tmp_path_factory.mktemp("doctor"))
    done = project.kedro("run", "--env=smoke", "--pipelines=linear")
    assert done.returncode == 0, done.stderr
    return project


def problems(project: ProjectCopy) -> list[str]:
    """Return what the doctor finds, and the advice below each."""
    done = project.kedro("doctor", "--env=smoke")
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.strip().endswith("False"), "TensorFlow was loaded"
    found = [line.strip() for line in done.stdout.splitlines() if line.startswith("    ")]
    assert done.returncode == (1 if found else 0)
    return found


def test_a_sound_project_has_no_problems(project: ProjectCopy) -> None:
    printed = project.kedro("doctor", "--env=smoke").stdout

    assert problems(project) == []
    looked_at = ["packages", "configuration", "data", "arrays", "disk", "store", "runs", "models"]
    assert re.findall(r"^✓ (\w+) ", printed, re.MULTILINE) == [*looked_at, "results"]


def test_without_a_store_none_is_made(tmp_path: Path) -> None:
    project = copy_tiny_project(tmp_path)

    assert problems(project) == []
    assert project.written() == []


def test_configuration_that_is_wrong(project: ProjectCopy) -> None:
    local = project.folder / "conf/smoke/parameters/wrong.yml"
    local.parent.mkdir()
    local.write_text("colour: red\n")

    found = problems(project)
    shutil.rmtree(local.parent)

    assert any("colour is unknown" in line for line in found)


def test_a_store_that_is_damaged(project: ProjectCopy) -> None:
    store = project.folder / "mlruns/mlflow.db"
    before = store.read_bytes()
    store.write_bytes(b"no database" * 1000)

    [found] = problems(project)
    store.write_bytes(before)

    assert "mlflow.db cannot be opened" in found
    assert "file is not a database" in found


def test_a_model_whose_file_is_gone(project: ProjectCopy) -> None:
    run = project.runs()[0]
    [model] = run.outputs.model_outputs
    [file] = (project.folder / "mlruns/artifacts/models").glob(f"{model.model_id}/**/model.keras")
    hidden = file.rename(file.with_name("hidden"))

    text, advice = problems(project)
    hidden.rename(file)

    assert text.startswith(f"run {run.info.run_id} (linear tiny 42): the file of its model")
    assert f"mlflow runs delete --run-id {run.info.run_id}" in advice
    assert problems(project) == []


def test_results_that_are_not_in_the_store_are_logged_by_what_is_advised(
    project: ProjectCopy,
) -> None:
    run = project.runs()[0]
    artifacts = project.folder / "mlruns/artifacts" / run.info.run_id / "artifacts"
    (artifacts / "results.json").unlink()

    text, advice = problems(project)
    done = project.kedro("doctor", "--env=smoke", "--log-results")

    assert re.match(r"linear on tiny, seed 42: no run holds (\d+) of \1 files", text), text
    assert advice.endswith("--only-missing-outputs")
    assert done.returncode == 0, done.stderr
    assert "\nRun      " in done.stdout
    assert "train_autoencoder" not in done.stdout
    assert problems(project) == []
    assert project.runs()[0].info.status == "FINISHED"
