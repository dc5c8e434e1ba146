"""One session at a time writes to a cell."""

import json

from .conftest import ProjectCopy

SMOKE = ("run", "--env=smoke", "--pipelines=stacked")


def test_two_sessions_of_one_cell_do_not_mix(project: ProjectCopy) -> None:
    cell = project.folder / "data/07_model_output/digits/stacked/seed-5"
    long = project.start(*SMOKE, "--params=seed=5,stacked.training.epochs=3000")
    assert long.stdout is not None
    next(line for line in long.stdout if "stacked: epoch" in line)

    short = project.kedro(*SMOKE, "--params=seed=5,stacked.training.epochs=1")
    _, errors = long.communicate(timeout=300)

    assert short.returncode == 1
    assert "another session is writing to" in short.stderr
    assert long.returncode == 0, errors
    assert len((cell / "training_history.csv").read_text().splitlines()) == 3001
    origin = json.loads((cell / "made_from.json").read_text())["files"]["training_history.csv"]
    assert origin["parameters"]["stacked.training.epochs"] == 3000
