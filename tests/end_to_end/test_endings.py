"""What MLflow says of a run that did not end well, and what is left on disk."""

import signal

import pytest

from .conftest import ProjectCopy


def test_an_error_after_training_fails_the_run_and_its_results_stay(project: ProjectCopy) -> None:
    # A folder where a figure should go.
    in_the_way = project.folder / "data/08_reporting/digits/stacked/seed-42/map.png"
    in_the_way.mkdir(parents=True)

    done = project.kedro("run", "--env=smoke", "--pipelines=stacked")

    assert done.returncode != 0
    assert "IsADirectoryError" in done.stderr
    [run] = project.runs()
    assert run.info.status == "FAILED"
    assert "val/loss" in run.data.metrics
    assert "data/06_models/digits/stacked/seed-42/model.keras" in project.written()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_is_killed_and_leaves_no_part_of_a_file(
    project: ProjectCopy, ending: signal.Signals
) -> None:
    before = project.written()
    process = project.start("run", "--pipelines=stacked", f"--params=seed={ending.value}")
    assert process.stdout is not None
    next(line for line in process.stdout if line.startswith("Epoch 2/10"))

    process.send_signal(ending)
    process.communicate(timeout=60)

    assert process.returncode != 0
    assert project.runs()[0].info.status == "KILLED"
    # What was done by then is whole.
    new = {path for path in project.written() if "mnist" in path} - set(before)
    shared = f"data/08_reporting/mnist/shared/seed-{ending.value}"
    assert new == {f"{shared}/data_summary.json", f"{shared}/samples.png"}


def test_a_diverging_loss_stops_the_run_and_says_what_helps(project: ProjectCopy) -> None:
    done = project.kedro(
        "run", "--env=smoke", "--pipelines=stacked", "--params=stacked.training.learning_rate=1e30"
    )

    assert done.returncode != 0
    assert "the loss became nan in epoch 1: try a learning_rate below 1e+30" in done.stderr
    assert project.runs()[0].info.status == "FAILED"
