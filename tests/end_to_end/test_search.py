"""`kedro search`: trials below one run, gone on with where it was interrupted."""

import io
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from autoencoder_lab.parameters import VariantParams

from ..waiting import LONGEST_WAIT, wait_until
from .conftest import ProjectCopy, copy_tiny_project

N_TRIALS = 8
SPACE: dict[str, Any] = {
    "training.learning_rate": {"low": 0.0001, "high": 0.1, "log": True},
    "training.optimizer": ["adam", "nadam"],
    "model.widths": [[16, 4], [12, 6]],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    """Return a project in which one search was interrupted and gone on with, and another not."""
    project = copy_tiny_project(tmp_path_factory.mktemp("search"))
    write_spaces(project, {"stacked": SPACE, "ladder": SPACE})
    interrupted = project.start(*search("interrupted"))
    wait_until(lambda: len(trials(project, "interrupted")) > 2, interrupted)
    interrupted.send_signal(signal.SIGINT)
    interrupted.communicate(timeout=LONGEST_WAIT)
    assert interrupted.returncode != 0
    for name in ("interrupted", "straight"):
        done = project.kedro(*search(name))
        assert done.returncode == 0, done.stderr
    return project


def write_spaces(project: ProjectCopy, spaces: dict[str, Any]) -> None:
    file = project.folder / "conf/smoke/search.yml"
    file.write_text(yaml.safe_dump({"trials": N_TRIALS, "spaces": spaces}))


def search(name: str, variant: str = "stacked") -> list[str]:
    return ["search", variant, "--env=smoke", f"--name={name}"]


def parent(project: ProjectCopy, name: str) -> Run:
    [run] = [
        run
        for run in project.runs()
        if run.data.tags.get("search") == name and MLFLOW_PARENT_RUN_ID not in run.data.tags
    ]
    return run


def trials(project: ProjectCopy, name: str) -> list[Run]:
    """Return the runs of the trials, in their order."""
    runs = [run for run in project.runs() if run.data.tags.get("search") == name]
    return [run for run in runs[::-1] if MLFLOW_PARENT_RUN_ID in run.data.tags]


def artifact(project: ProjectCopy, run: Run, path: str) -> str:
    return Path(project.client.download_artifacts(run.info.run_id, path)).read_text()


def table(project: ProjectCopy, name: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(artifact(project, parent(project, name), "search/trials.csv")))


def test_each_trial_is_a_run_below_that_of_the_search(project: ProjectCopy) -> None:
    search_run, of_trials = parent(project, "straight"), trials(project, "straight")

    assert search_run.info.status == "FINISHED"
    assert len(of_trials) == N_TRIALS
    for run in of_trials:
        assert run.info.status == "FINISHED"
        assert run.data.tags[MLFLOW_PARENT_RUN_ID] == search_run.info.run_id
        assert {"val/loss", "train/loss"} <= run.data.metrics.keys()
        assert ("validation/mse" in run.data.metrics) == ("given_up" not in run.data.tags)
        assert "variant" not in run.data.tags  # or it would be compared with variants
    rates = {run.data.params["training.learning_rate"] for run in of_trials}
    assert len(rates) == N_TRIALS


def test_the_best_is_a_block_to_paste(project: ProjectCopy) -> None:
    run = parent(project, "straight")
    block = yaml.safe_load(artifact(project, run, "search/best.yml"))["stacked_best"]

    VariantParams.model_validate(block)
    values = table(project, "straight")["value"]
    assert run.data.metrics["search/validation/mse"] == values.min()
    best = table(project, "straight").loc[values.idxmin()]
    assert block["training"]["learning_rate"] == best["training.learning_rate"]
    own = project.folder / "conf/local/parameters"
    own.mkdir(parents=True)
    (own / "stacked_best.yml").write_text(artifact(project, run, "search/best.yml"))
    listed = project.kedro("registry", "list")
    (own / "stacked_best.yml").unlink()
    assert "- stacked_best" in listed.stdout


def test_an_interrupted_search_comes_to_the_same(project: ProjectCopy) -> None:
    interrupted, straight = table(project, "interrupted"), table(project, "straight")

    assert len(interrupted) == N_TRIALS
    pd.testing.assert_frame_equal(
        interrupted.drop(columns="trial"), straight.drop(columns="trial"), check_exact=True
    )
    statuses = [run.info.status for run in trials(project, "interrupted")]
    assert statuses.count("KILLED") == 1
    assert parent(project, "interrupted").info.status == "FINISHED"


def test_what_is_sought_may_be_better_where_it_is_more(project: ProjectCopy) -> None:
    done = project.kedro(*search("by psnr"), "--params=promotion.metric=validation/psnr")
    assert done.returncode == 1
    assert "name is 'by psnr'; allowed: letters, digits" in done.stderr

    done = project.kedro(*search("by_psnr"), "--params=promotion.metric=validation/psnr")

    assert done.returncode == 0, done.stderr
    values = table(project, "by_psnr")["value"]
    assert parent(project, "by_psnr").data.metrics["search/validation/psnr"] == values.max()
    done_trials = [run for run in trials(project, "by_psnr") if "given_up" not in run.data.tags]
    logged = [run.data.metrics["validation/psnr"] for run in done_trials]
    assert values.dropna().tolist() == logged  # a loss is not taken for it
    given_up = [run for run in trials(project, "by_psnr") if "given_up" in run.data.tags]
    best_loss = min(run.data.metrics["val/loss"] for run in done_trials)
    assert all(run.data.metrics["val/loss"] > best_loss for run in given_up)


REFUSALS: dict[str, tuple[dict[str, Any] | None, str, str]] = {
    "no such variant": (None, "stakced", "variant is 'stakced' (did you mean stacked?)"),
    "no space": (None, "linear", "search.yml has no space for linear, only for ladder, stacked"),
    "labels": (None, "ladder", "the strategy is ladder, whose fits"),
    "another space": (
        {"stacked": {**SPACE, "training.optimizer": ["adam", "sgd"]}},
        "stacked",
        "the search straight was of other space: set it as it was, or choose another --name",
    ),
    "one value": (
        {"stacked": {"training.optimizer": ["adam"]}},
        "stacked",
        "training.optimizer is ['adam']; allowed: two values or more",
    ),
    "no prefix": (
        {"stacked": {"learning_rate": [0.001, 0.01]}},
        "stacked",
        "learning_rate is no parameter; allowed: such as training.learning_rate",
    ),
    "within a list": (
        {"stacked": {"model.widths.0": [50, 100]}},
        "stacked",
        "model.widths.0 is no parameter",
    ),
    "no such limit": (
        {"stacked": {"training.learning_rate": {"low": 0.1, "high": 1, "step": 0.01}}},
        "stacked",
        "training.learning_rate.step is unknown; allowed: low, high, log",
    ),
    "limits the wrong way": (
        {"stacked": {"training.learning_rate": {"low": 2, "high": 1}}},
        "stacked",
        "training.learning_rate.high is 1; allowed: more than low, which is 2",
    ),
    "a copy of the inputs": (
        {"stacked": {"model.widths": [[16, 4], [64]]}},
        "stacked",
        "whose last is the codings' size; allowed for images of 8x8x1: less than 64",
    ),
    "a wrong value": (
        {"stacked": {"training.optimizer": ["adam", "adma"]}},
        "stacked",
        "training.optimizer is 'adma'; allowed: 'sgd', 'adam' or 'nadam'",
    ),
    "a wrong limit": (
        {"stacked": {"training.batch_size": {"low": 0, "high": 9}}},
        "stacked",
        "training.batch_size is 0; allowed: greater than 0",
    ),
    "no parameter": (
        {"stacked": {"model.depth": [1, 2]}},
        "stacked",
        "model.depth is unknown",
    ),
}


@pytest.mark.parametrize(("spaces", "variant", "message"), REFUSALS.values(), ids=REFUSALS)
def test_what_cannot_be_searched_is_refused_before_a_run_begins(
    project: ProjectCopy, spaces: dict[str, Any] | None, variant: str, message: str
) -> None:
    before = len(project.runs())
    if spaces:
        write_spaces(project, spaces)

    done = project.kedro(*search("straight", variant))
    write_spaces(project, {"stacked": SPACE, "ladder": SPACE})

    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert len(project.runs()) == before
