"""The embedded store: made in one piece, whoever comes first and whatever interrupts."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from ..waiting import LONGEST_WAIT
from .conftest import ProjectCopy, copy_tiny_project

INGEST = ("run", "--env=smoke", "--pipelines=ingest")


@pytest.fixture
def project(tmp_path: Path) -> ProjectCopy:
    """Return a project without a store, for each test its own."""
    return copy_tiny_project(tmp_path)


def test_two_first_runs_at_once_both_succeed(project: ProjectCopy) -> None:
    processes = [project.start(*INGEST), project.start(*INGEST)]

    printed = [process.communicate(timeout=LONGEST_WAIT) for process in processes]

    assert [process.returncode for process in processes] == [0, 0], printed
    assert [run.info.status for run in project.runs()] == ["FINISHED", "FINISHED"]


def test_pages_that_are_opened_before_a_first_run_show_a_whole_store(project: ProjectCopy) -> None:
    server = project.folder / "mlflow"
    server.write_text("#!/bin/sh\nls mlruns > served\n")  # what MLflow's server finds
    server.chmod(0o755)

    done = project.kedro("mlflow", "ui", PATH=f"{project.folder}:{os.environ['PATH']}")

    assert done.returncode == 0, done.stderr
    assert "mlflow.db" in (project.folder / "served").read_text()
    assert project.runs() == []


def test_a_first_run_killed_while_it_makes_the_store_spoils_nothing(project: ProjectCopy) -> None:
    # Killed where it would give the store its name.
    script = (
        "import os, sys; os.replace = lambda *paths: os.kill(os.getpid(), 9); "
        f"sys.argv = {['kedro', *INGEST]}; from kedro.framework.cli.cli import main; main()"
    )
    killed = subprocess.run([sys.executable, "-c", script], cwd=project.folder, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [path.name for path in (project.folder / "mlruns").glob("mlflow.[!l]*")] == [
        "mlflow.partial"
    ]

    done = project.kedro(*INGEST)

    assert done.returncode == 0, done.stderr
    assert [run.info.status for run in project.runs()] == ["FINISHED"]


def test_a_moved_project_refuses_runs_until_it_adopts_its_store(project: ProjectCopy) -> None:
    assert project.kedro("run", "--env=smoke", "--pipelines=linear").returncode == 0
    moved = ProjectCopy(project.folder.rename(project.folder.with_name("moved 50")))

    refused = moved.kedro(*INGEST)
    hidden = (moved.folder / "mlruns/artifacts").rename(moved.folder / "hidden")
    incomplete = moved.kedro("adopt", "--env=smoke")
    hidden.rename(moved.folder / "mlruns/artifacts")
    adopted = moved.kedro("adopt", "--env=smoke")
    again = moved.kedro("adopt", "--env=smoke")
    compared = moved.kedro("run", "--env=smoke", "--pipelines=comparison")

    assert refused.returncode == 1
    assert "kedro adopt --env=smoke" in refused.stderr
    assert incomplete.returncode == 1
    place = (moved.folder / "mlruns/artifacts").as_uri()
    assert f"there are no artifacts in {place}" in incomplete.stderr
    assert f"are in {place}, no longer in {project.folder.as_uri()}" in adopted.stdout
    assert again.stdout.strip() == f"The artifacts of experiment autoencoder_lab are in {place}"
    assert len(moved.runs()) == 2
    assert compared.returncode == 0, compared.stderr  # it reads artifacts of the first run
    run = moved.named_runs()["linear"]
    client = MlflowClient(f"sqlite:///{moved.folder}/mlruns/mlflow.db")
    [model] = run.outputs.model_outputs
    assert client.list_artifacts(run.info.run_id)
    assert client.list_logged_model_artifacts(model.model_id)


def test_where_there_are_no_runs_there_is_nothing_to_adopt(project: ProjectCopy) -> None:
    done = project.kedro("adopt", "--env=smoke")

    assert done.returncode == 1
    assert f"there are no runs in {project.folder}/mlruns/mlflow.db" in done.stderr
    assert project.written() == []


def test_a_deleted_experiment_is_restored_and_that_is_said(project: ProjectCopy) -> None:
    assert project.kedro(*INGEST).returncode == 0
    client = MlflowClient(f"sqlite:///{project.folder}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name("autoencoder_lab")
    assert experiment is not None
    client.delete_experiment(experiment.experiment_id)

    done = project.kedro(*INGEST)

    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "The experiment autoencoder_lab had been deleted: it is restored" in said
    assert len(project.runs()) == 2


def test_a_store_of_another_mlflow_is_an_error_that_says_how_to_upgrade_it(
    project: ProjectCopy,
) -> None:
    assert project.kedro(*INGEST).returncode == 0
    store = project.folder / "mlruns/mlflow.db"
    with closing(sqlite3.connect(store)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'bf29a5ff90ea'")

    done = project.kedro(*INGEST)

    assert done.returncode == 1
    assert f"sqlite:///{store} is not of MLflow {mlflow.__version__}" in done.stderr
    assert f"mlflow db upgrade 'sqlite:///{store}'" in done.stderr  # with a space in it
    assert "Traceback" not in done.stdout + done.stderr


def test_a_store_that_cannot_be_made_is_one_error(project: ProjectCopy) -> None:
    (project.folder / "mlruns").rmdir()
    (project.folder / "mlruns").touch()

    done = project.kedro(*INGEST)

    assert done.returncode == 1
    assert "mlruns/mlflow.db cannot be opened" in done.stderr
    assert "Name another in mlflow.yml" in done.stderr
    assert "Traceback" not in done.stderr
