"""What MLflow says of a run that did not end well, and what is left on disk."""

import math
import signal
from pathlib import Path

import pytest

from .conftest import ProjectCopy


def test_an_error_after_training_fails_the_run_and_its_results_stay(project: ProjectCopy) -> None:
    process = project.start("run", "--env=smoke", "--pipelines=stacked")
    assert process.stdout is not None
    next(line for line in process.stdout if "Running stacked.train_autoencoder" in line)
    # A folder where a figure should go.
    (project.folder / "data/08_reporting/digits/stacked/seed-42/map.png").mkdir()
    printed, errors = process.communicate(timeout=120)

    assert process.returncode == 1
    assert "stacked.draw_map failed: IsADirectoryError" in " ".join(printed.split())
    assert "Traceback" not in printed + errors
    [run] = project.runs()
    assert run.info.status == "FAILED"
    assert "val/loss" in run.data.metrics
    assert "data/06_models/digits/stacked/seed-42/model.keras" in project.written()


@pytest.mark.parametrize(
    ("ending", "runner", "exit_status"),
    [
        (signal.SIGINT, "SequentialRunner", 1),
        (signal.SIGTERM, "SequentialRunner", 128 + signal.SIGTERM),
        (signal.SIGHUP, "SequentialRunner", 128 + signal.SIGHUP),
        (signal.SIGINT, "ThreadRunner", 1),
        (signal.SIGTERM, "ThreadRunner", 128 + signal.SIGTERM),
    ],
)
def test_an_interrupted_run_is_killed_and_leaves_no_part_of_a_file(
    project: ProjectCopy, ending: signal.Signals, runner: str, exit_status: int
) -> None:
    before = project.written()
    process = project.start("run", "--pipelines=stacked", "--params=seed=7", f"--runner={runner}")
    assert process.stdout is not None
    next(line for line in process.stdout if "stacked: epoch" in line)

    process.send_signal(ending)
    _, errors = process.communicate(timeout=15)  # the fit would take longer

    assert process.returncode == exit_status, errors
    assert project.runs()[0].info.status == "KILLED"
    # What was done by then is whole, and there is no part of anything else.
    new = {Path(path) for path in set(project.written()) - set(before) if "mnist" in path}
    assert {path.suffix for path in new} <= {".json", ".png"}
    results = {path.parent for path in new if path.name != "made_from.json"}
    assert results <= {Path("data/08_reporting/mnist/shared/seed-7")}


def test_a_diverging_variant_keeps_its_losses_and_leaves_the_other_alone(
    project: ProjectCopy,
) -> None:
    done = project.kedro(
        "run",
        "--env=smoke",
        "--pipelines=linear,stacked",
        "--params=seed=8,linear.training.learning_rate=1e30",
    )

    assert done.returncode == 1
    assert "the loss became nan in epoch 1: try a learning_rate below 1e+30" in done.stdout
    assert "failed: linear" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    runs = project.named_runs(3)
    assert {name: run.info.status for name, run in runs.items()} == {
        "linear+stacked": "FAILED",
        "linear": "FAILED",
        "stacked": "FINISHED",
    }
    assert math.isnan(runs["linear"].data.metrics["train/loss"])
