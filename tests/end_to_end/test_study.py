"""`kedro study`: cells in processes of their own, gone on with, interrupted, and compared."""

import re
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest
from mlflow.entities import Run

from ..waiting import LONGEST_WAIT
from .conftest import ProjectCopy, commit, copy_tiny_project

STUDY = ("study", "--env=smoke", "--variants=linear,tied", "--jobs=2")
CELLS = {(variant, seed) for variant in ("linear", "tied") for seed in ("1", "2")}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    return copy_tiny_project(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def done(project: ProjectCopy) -> subprocess.CompletedProcess[str]:
    """Return what a study of two seeds prints, the first of which was done without it."""
    first = project.kedro(
        "run",
        "--env=smoke",
        "--pipelines=linear",
        "--params=dataset=tiny,seed=1,run_key=study",
    )
    assert first.returncode == 0, first.stderr
    return project.kedro(*STUDY, "--seeds=1,2")


def statuses(project: ProjectCopy) -> dict[tuple[str, str], str]:
    return {
        (run.data.tags["variant"], run.data.tags["seed"]): run.info.status
        for run in project.runs()
        if "variant" in run.data.tags
    }


def test_a_dry_run_lists_the_commands_and_runs_none(project: ProjectCopy) -> None:
    printed = project.kedro(*STUDY, "--seeds=1,2", "--dry-run").stdout.splitlines()

    commands = [line for line in printed if line.startswith("to run")]
    assert len(commands) == 5
    assert commands[0] == (
        "to run  kedro run --env=smoke --pipelines=linear "
        "--params=dataset=tiny,seed=1,run_key=study --only-missing-outputs"
    )
    assert commands[-1] == (
        "to run  kedro run --env=smoke --pipelines=comparison --params=dataset=tiny,run_key=study"
    )
    assert printed[-1] == "0 of 4 cells of run_key study are done."
    assert project.runs() == []


def test_cells_that_are_done_are_skipped_and_all_are_compared(
    project: ProjectCopy, done: subprocess.CompletedProcess[str]
) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(re.findall(r"done +tiny, (\w+), seed (\d)", done.stdout)) == CELLS - {
        ("linear", "1")
    }
    assert "4 of 4 cells of run_key study are done." in done.stdout
    assert statuses(project) == dict.fromkeys(CELLS, "FINISHED")
    folder = project.folder / "data/08_reporting/tiny/study"
    board = pd.read_csv(folder / "comparison/leaderboard.csv")
    assert set(board.loc[board["metric"] == "test/mse", "seeds"]) == {2}
    assert "Pipeline execution completed" in (folder / "tied/seed-2/run.log").read_text()


def test_a_study_that_is_done_only_compares(
    project: ProjectCopy, done: subprocess.CompletedProcess[str]
) -> None:
    n_runs = len(project.runs())

    again = project.kedro(*STUDY, "--seeds=1,2")

    assert again.returncode == 0
    assert "train_autoencoder" not in again.stdout
    assert not re.findall(r"done +tiny", again.stdout)
    assert len(project.runs()) == n_runs  # of a run key, the comparison is in the parent


def test_the_verdict_is_good_where_all_is_finished_and_names_what_is_not(
    project: ProjectCopy, done: subprocess.CompletedProcess[str]
) -> None:
    of_all = project.kedro(*STUDY, "--seeds=1,2", "--verdict")
    of_more = project.kedro(*STUDY, "--seeds=1,2,3", "--verdict")

    assert of_all.returncode == 0, of_all.stderr
    assert of_all.stdout.endswith("Run key study is FINISHED.\n")
    assert of_more.returncode == 1
    assert "NOT BEGUN  tiny, linear, seed 3" in of_more.stdout
    assert of_more.stdout.endswith("Run key study is FAILED.\n")
    assert "True" not in of_more.stderr  # TensorFlow was not loaded


def test_cells_made_from_something_else_are_refused_and_named(
    project: ProjectCopy, done: subprocess.CompletedProcess[str]
) -> None:
    n_runs = len(project.runs())

    refused = project.kedro(*STUDY, "--seeds=1,3", "--params=linear.training.batch_size=16")

    assert refused.returncode == 1
    assert "tiny, linear, seed 1: training.batch_size is 32, but 16 now" in refused.stderr
    assert "seed 3" not in refused.stderr
    assert "choose another --run-key" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert len(project.runs()) == n_runs


def test_a_cell_that_fails_leaves_the_others_alone_and_is_a_row_of_the_comparison(
    project: ProjectCopy,
) -> None:
    study = (*STUDY, "--seeds=1", "--run-key=failing")
    failed = project.kedro(*study, "--params=linear.training.learning_rate=1e30")
    verdict = project.kedro(*study, "--verdict")

    log = "data/08_reporting/tiny/failing/linear/seed-1/run.log"
    assert failed.returncode == 1
    assert f"failed  tiny, linear, seed 1: {project.folder}/{log}" in failed.stdout
    assert "1 of 2 cells of run_key failing are done." in failed.stdout
    assert "Diverged" in (project.folder / log).read_text()
    cells = pd.read_csv(project.folder / "data/08_reporting/tiny/failing/comparison/cells.csv")
    assert dict(zip(cells["variant"], cells["status"], strict=True)) == {
        "linear": "FAILED",
        "tied": "FINISHED",
    }
    assert verdict.returncode == 1
    assert verdict.stdout.splitlines()[-4:] == [
        "FAILED     tiny, linear, seed 1",
        "FINISHED   tiny, tied, seed 1",
        "FINISHED   tiny, comparison",
        "Run key failing is FAILED.",
    ]


def test_a_cell_of_other_code_spoils_the_verdict(tmp_path: Path) -> None:
    project = copy_tiny_project(tmp_path)
    study = (*STUDY, "--seeds=1")
    for variant, code in (("linear", ""), ("tied", "# another machine, another commit\n")):
        with (project.folder / "src/autoencoder_lab/images/seeds.py").open("a") as module:
            module.write(code)
        commit(project)
        command = (
            f"run --env=smoke --pipelines={variant} --params=dataset=tiny,seed=1,run_key=study"
        )
        assert project.kedro(*command.split()).returncode == 0

    verdict = project.kedro(*study, "--verdict")

    assert verdict.returncode == 1
    assert re.search(r"LEFT OUT   tiny, linear, seed 1: code is \w+, but \w+", verdict.stdout)


def test_ctrl_c_ends_the_cells_and_the_same_command_goes_on(project: ProjectCopy) -> None:
    long = "--params=linear.training.epochs=1000,tied.training.epochs=1000"
    study = (*STUDY, "--seeds=7", "--run-key=interrupted", long)
    log = project.folder / "data/08_reporting/tiny/interrupted/linear/seed-7/run.log"
    process = project.start(*study)
    while not (log.exists() and "Running linear." in log.read_text()):
        assert process.poll() is None, process.communicate()
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=LONGEST_WAIT)
    interrupted = {run.info.status for run in project.runs() if is_of(run, "interrupted")}

    again = project.kedro(*study)

    assert process.returncode == 130
    assert "the same command goes on from there" in printed
    assert "KILLED" in interrupted
    assert "RUNNING" not in interrupted
    assert again.returncode == 0, again.stdout + again.stderr
    assert {run.info.status for run in project.runs() if is_of(run, "interrupted")} == {"FINISHED"}


def is_of(run: Run, run_key: str) -> bool:
    return bool(run.data.tags.get("run_key") == run_key)


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        (
            "--variants=linaer",
            "variants: linaer (did you mean linear?); allowed: adversarial, convolutional",
        ),
        ("--datasets=mnits", "dataset is 'mnits'; allowed: digits, mnist, tiny"),
        ("--datasets=007", "dataset is '007'; allowed: digits, mnist, tiny"),
        ("--seeds=1,x", "seeds.1 is 'x'; allowed: integer"),
        ("--params=ingest.pattern=!test/**", """--params 'ingest.pattern="!test/**"'"""),
        (
            "--params=seed=3",
            "params is 'seed=3'; allowed: other keys than dataset, seed and run_key",
        ),
        ("--params=tied.training.epoch=1", "tied.training.epoch is unknown (did you mean epochs?)"),
        ("--env=smok", "environment is 'smok' (did you mean smoke?)"),
    ],
)
def test_what_a_study_has_not_is_named_before_anything_runs(
    project: ProjectCopy, option: str, problem: str
) -> None:
    before = len(project.runs())

    refused = project.kedro("study", option)

    assert refused.returncode == 1
    assert problem in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.stderr.strip().endswith("False"), "TensorFlow was loaded"
    assert len(project.runs()) == before
