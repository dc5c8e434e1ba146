"""Results on an object store, as a team's machines share them."""

from collections.abc import Iterator

import pytest

from ..servers import s3_server
from .conftest import ProjectCopy

ROOT = "s3://results/lab"


@pytest.fixture(scope="module")
def store(project: ProjectCopy) -> Iterator[dict[str, str]]:
    with (project.folder / "conf/smoke/globals.yml").open("a") as globals_file:
        globals_file.write(f"results_root: {ROOT}\n")
    with s3_server("results") as variables:
        yield variables


def test_results_are_written_to_the_store_and_used_again(
    project: ProjectCopy, store: dict[str, str]
) -> None:
    command = ("run", "--env=smoke", "--pipelines=linear,comparison")
    first = project.kedro(*command, **store)

    second = project.kedro(*command, "--only-missing-outputs", **store)

    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert f"{ROOT}/08_reporting/digits/linear/seed-42" in first.stdout
    assert "Running linear.train_autoencoder" in first.stdout
    assert "Running linear.train_autoencoder" not in second.stdout
    assert [file for file in project.written() if file.startswith("data/0")] == []
    run = project.named_runs(n_newest=2)["linear"]
    assert run.info.status == "FINISHED"
    assert "model.keras" in run.data.tags["reused"]


def test_the_doctor_finds_the_cells_of_the_store(
    project: ProjectCopy, store: dict[str, str]
) -> None:
    done = project.kedro("doctor", "--env=smoke", **store)

    assert f"1 cells in {ROOT}" in done.stdout


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "http://127.0.0.1:9"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "credentials"),
    ],
    ids=["nobody answers", "no credentials"],
)
def test_a_store_that_takes_nothing_is_one_error_before_training(
    project: ProjectCopy, store: dict[str, str], change: dict[str, str], named: str
) -> None:
    n_runs = len(project.runs())

    done = project.kedro("run", "--env=smoke", "--pipelines=linear", **{**store, **change})

    assert done.returncode == 1
    assert f"results cannot be written to {ROOT}" in done.stderr
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.endswith("False\n")  # TensorFlow was not loaded
    assert len(project.runs()) == n_runs
