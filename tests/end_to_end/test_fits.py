"""Fits whose process is killed, and which are resumed."""

import os
import signal
import subprocess
import sys
from zipfile import ZipFile

import pytest

from ..waiting import LONGEST_WAIT
from .conftest import ProjectCopy, copy_tiny_project, keep_each_state

EPOCHS = 4

KILLED_IN = {
    "stacked": "joint",
    "tied": "joint",
    "convolutional": "joint",
    "greedy": "layer 2",
    "variational": "joint",
    "adversarial": "joint",
    "gan": "joint",
}
"""A variant of each family, and of each strategy, and in which phase it is killed."""

KILLED_IN_A_FIT = """
import os, signal
from kedro.framework.cli.cli import main
from autoencoder_lab.cells import fits
from autoencoder_lab.cells.fits import FitKeeper

fits.MOST_WAITING = 0  # a state after each epoch, however long it takes to save
save = FitKeeper.save

def save_and_die(keeper, state):
    save(keeper, state)
    if state.phase == {phase!r} and state.n_epochs == 2:
        os.kill(os.getpid(), signal.SIGKILL)

FitKeeper.save = save_and_die
main()
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    """Return a project that keeps the state of a fit after each epoch."""
    project = copy_tiny_project(tmp_path_factory.mktemp("fits"))
    keep_each_state(project)
    return project


def options(*variants: str, **more: str) -> list[str]:
    params = [f"{variant}.training.epochs={EPOCHS}" for variant in variants]
    params += [f"{key}={value}" for key, value in more.items()]
    return [
        "run",
        "--env=smoke",
        f"--pipelines={','.join(variants)}",
        f"--params={','.join(params)}",
    ]


def run_until_killed(project: ProjectCopy, phase: str, *arguments: str) -> None:
    script = KILLED_IN_A_FIT.format(phase=phase)
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": str(project.folder / "src")},
        timeout=LONGEST_WAIT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr


def results(project: ProjectCopy, occasion: str, variant: str) -> dict[str, bytes]:
    """Return what a fit has made: the weights of its models, and its losses by epoch."""
    cell = f"{occasion}/{variant}/seed-42"
    losses = project.folder / f"data/07_model_output/{cell}/training_history.csv"
    made = {losses.name: losses.read_bytes()}
    for file in (project.folder / f"data/06_models/{cell}").glob("*.keras"):
        with ZipFile(file) as model:
            made[file.name] = model.read("model.weights.h5")  # beside them is the date
    return made


def test_fits_whose_processes_were_killed_are_resumed_to_the_same_bytes(
    project: ProjectCopy,
) -> None:
    training = f"--to-nodes={','.join(f'{variant}.train_autoencoder' for variant in KILLED_IN)}"
    states = [
        project.folder / f"data/06_models/tiny/{variant}/seed-42/fit_state" for variant in KILLED_IN
    ]
    for variant, phase in KILLED_IN.items():
        only = f"--to-nodes={variant}.train_autoencoder"
        run_until_killed(project, phase, *options(*KILLED_IN), only)
    assert all(state.exists() for state in states)

    continued = project.kedro(*options(*KILLED_IN), training, "--only-missing-outputs")
    straight = project.kedro(*options(*KILLED_IN, run_key="straight"), training)

    assert continued.returncode == straight.returncode == 0, continued.stderr + straight.stderr
    printed = " ".join(continued.stdout.split())
    assert printed.count("Resuming the fit after epoch 2") == len(KILLED_IN) - 1
    assert printed.count(f"Resuming the fit after epoch {EPOCHS + 2}") == 1
    assert "Resuming" not in straight.stdout
    for variant in KILLED_IN:
        ours = results(project, "tiny", variant)
        assert ("log_variance.keras" in ours) == (variant == "variational")
        assert ours == results(project, "tiny/straight", variant), variant
    assert not any(state.exists() for state in states)


def test_a_retry_of_a_run_key_resumes_the_fit_in_the_same_run(project: ProjectCopy) -> None:
    night = options("linear", run_key="night")
    run_until_killed(project, "joint", *night)

    done = project.kedro(*night, "--only-missing-outputs")

    assert done.returncode == 0, done.stderr
    assert "Resuming the fit after epoch 2" in " ".join(done.stdout.split())
    [run] = [run for run in project.runs() if run.data.tags.get("variant") == "linear"]
    assert run.info.status == "FINISHED"
    losses = project.client.get_metric_history(run.info.run_id, "val/loss")
    assert sorted(loss.step for loss in losses) == [1, 2, 3, 4]
    assert run.data.metrics["fit/resumed_epochs"] == 2
