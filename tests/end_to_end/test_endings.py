"""What MLflow says of a run that did not end well, and what is left on disk."""

import math
import signal
from pathlib import Path

import pytest

from ..waiting import LONGEST_WAIT
from .conftest import ProjectCopy

HOURS = 1_000_000
"""Epochs."""


def test_an_error_after_training_fails_the_run_and_its_results_stay(
    tiny_project: ProjectCopy,
) -> None:
    process = tiny_project.start(
        "run", "--env=smoke", "--pipelines=stacked", "--params=stacked.training.epochs=500"
    )
    assert process.stdout is not None
    next(line for line in process.stdout if "Running stacked.train_autoencoder" in line)
    # A folder where a figure should go.
    (tiny_project.folder / "data/08_reporting/tiny/stacked/seed-42/map.png").mkdir()
    printed, errors = process.communicate(timeout=LONGEST_WAIT)

    assert process.returncode == 1
    assert "stacked.draw_map failed: IsADirectoryError" in " ".join(printed.split())
    assert "Traceback" not in printed + errors
    [run] = tiny_project.runs()
    assert run.info.status == "FAILED"
    assert "val/loss" in run.data.metrics
    assert "data/06_models/tiny/stacked/seed-42/model.keras" in tiny_project.written()


def test_a_store_that_takes_no_more_files_ends_a_run_with_one_error(
    tiny_project: ProjectCopy,
) -> None:
    params = "--params=seed=9,stacked.training.epochs=500"
    process = tiny_project.start("run", "--env=smoke", "--pipelines=stacked", params)
    assert process.stdout is not None
    next(line for line in process.stdout if "Running stacked.train_autoencoder" in line)
    artifacts = tiny_project.folder / "mlruns/artifacts"
    artifacts.rename(artifacts.with_name("aside"))
    artifacts.touch()

    printed, errors = process.communicate(timeout=LONGEST_WAIT)
    artifacts.unlink()
    artifacts.with_name("aside").rename(artifacts)

    assert process.returncode == 1
    assert "Traceback" not in printed + errors
    assert "NotADirectoryError" in printed + errors
    assert tiny_project.runs()[0].info.status == "FAILED"


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
    tiny_project: ProjectCopy, ending: signal.Signals, runner: str, exit_status: int
) -> None:
    before = tiny_project.written()
    params = f"--params=seed=7,stacked.training.epochs={HOURS}"
    process = tiny_project.start(
        "run", "--env=smoke", "--pipelines=stacked", params, f"--runner={runner}"
    )
    assert process.stdout is not None
    next(line for line in process.stdout if "stacked: epoch" in line)

    process.send_signal(ending)
    _, errors = process.communicate(timeout=LONGEST_WAIT)

    assert process.returncode == exit_status, errors
    assert tiny_project.runs()[0].info.status == "KILLED"
    # What was done by then is whole, and there is no part of anything else.
    new = {Path(path) for path in set(tiny_project.written()) - set(before) if "seed-7" in path}
    assert not {path.name for path in new if path.suffix == ".partial"}
    assert {path.name for path in new if "shared" not in path.parts} <= {
        ".lock",
        "fit_state",  # where an epoch takes half a minute
        "made_from.json",
        "samples_real_metrics.json",  # needs no model
    }


def test_a_diverging_variant_keeps_its_losses_and_leaves_the_other_alone(
    tiny_project: ProjectCopy,
) -> None:
    done = tiny_project.kedro(
        "run",
        "--env=smoke",
        "--pipelines=linear,stacked",
        "--params=seed=8,linear.training.learning_rate=1e30,linear.training.batch_size=4",
    )

    assert done.returncode == 1
    printed = " ".join(done.stdout.split())
    assert "the loss became nan in epoch 1: try a learning_rate below 1e+30" in printed
    assert "failed: linear" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    runs = tiny_project.named_runs(3)
    assert {name: run.info.status for name, run in runs.items()} == {
        "linear+stacked": "FAILED",
        "linear": "FAILED",
        "stacked": "FINISHED",
    }
    assert math.isnan(runs["linear"].data.metrics["train/loss"])
