"""The embedded store: made in one piece, whoever comes first and whatever interrupts."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ProjectCopy, copy_tiny_project

INGEST = ("run", "--env=smoke", "--pipelines=ingest")


@pytest.fixture
def project(tmp_path: Path) -> ProjectCopy:
    """Return a project without a store, for each test its own."""
    return copy_tiny_project(tmp_path)


def test_two_first_runs_at_once_both_succeed(project: ProjectCopy) -> None:
    processes = [project.start(*INGEST), project.start(*INGEST)]

    errors = [process.communicate(timeout=600)[1] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], errors
    assert [run.info.status for run in project.runs()] == ["FINISHED", "FINISHED"]


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


def test_a_moved_project_says_that_its_artifacts_are_elsewhere(project: ProjectCopy) -> None:
    assert project.kedro(*INGEST).returncode == 0
    moved = ProjectCopy(project.folder.rename(project.folder.with_name("moved")))

    done = moved.kedro(*INGEST)
    moved.folder.rename(project.folder)

    assert done.returncode == 1
    assert "the project has been moved or copied" in done.stderr
    assert len(project.runs()) == 1
