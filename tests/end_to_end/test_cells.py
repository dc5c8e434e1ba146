"""One session at a time writes to a cell."""

import json
import signal

from ..waiting import LONGEST_WAIT
from .conftest import ProjectCopy

EPOCHS = 1000
CELL = ("run", "--env=smoke", "--pipelines=stacked")


def test_two_sessions_of_one_cell_do_not_mix(tiny_project: ProjectCopy) -> None:
    cell = tiny_project.folder / "data/07_model_output/tiny/stacked/seed-5"
    first = tiny_project.as_a_user.start(*CELL, f"--params=seed=5,stacked.training.epochs={EPOCHS}")
    assert first.stdout is not None
    next(line for line in first.stdout if "stacked: epoch" in line)
    first.send_signal(signal.SIGSTOP)  # or it might end before the second begins

    second = tiny_project.kedro(*CELL, "--params=seed=5,stacked.training.epochs=1")
    first.send_signal(signal.SIGCONT)
    _, errors = first.communicate(timeout=LONGEST_WAIT)

    assert second.returncode == 1
    assert "another session is writing to" in second.stderr
    assert first.returncode == 0, errors
    assert len((cell / "training_history.csv").read_text().splitlines()) == EPOCHS + 1
    origin = json.loads((cell / "made_from.json").read_text())["files"]["training_history.csv"]
    assert origin["parameters"]["stacked.training.epochs"] == EPOCHS


def test_a_run_whose_results_are_made_anew_in_part_is_not_finished(
    tiny_project: ProjectCopy,
) -> None:
    of_key = ("run", "--env=smoke", "--pipelines=linear", "--params=run_key=anew")

    statuses = []
    for options in ([], ["--to-nodes=linear.train_autoencoder"], ["--only-missing-outputs"]):
        done = tiny_project.kedro(*of_key, *options)
        assert done.returncode == 0, done.stderr
        run = tiny_project.named_runs()["linear"]
        statuses.append(
            (run.info.status, "linear.map_codings" in run.data.tags.get("incomplete", ""))
        )

    assert statuses == [("FINISHED", False), ("KILLED", True), ("FINISHED", False)]
