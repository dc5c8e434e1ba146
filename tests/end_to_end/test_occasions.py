"""Sessions of one run key, and what the next session makes of one that was cut short."""

import re
from pathlib import Path

import numpy as np
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

from autoencoder_lab.metrics import contract

from ..waiting import LONGEST_WAIT
from .conftest import VIEWS, ProjectCopy, commit, copy_tiny_project

NIGHTLY = (
    "run",
    "--env=smoke",
    "--pipelines=stacked",
    "--params=run_key=nightly,stacked.training.epochs=500",
)


def test_a_retry_finishes_what_the_first_attempt_began(tiny_project: ProjectCopy) -> None:
    in_the_way = tiny_project.folder / "data/08_reporting/tiny/nightly/stacked/seed-42/map.png"
    process = tiny_project.start(*NIGHTLY)
    assert process.stdout is not None
    next(line for line in process.stdout if "Running stacked.train_autoencoder" in line)
    in_the_way.mkdir()
    process.communicate(timeout=LONGEST_WAIT)
    failed = tiny_project.named_runs()
    in_the_way.rmdir()

    done = tiny_project.kedro(*NIGHTLY, "--only-missing-outputs")

    assert done.returncode == 0, done.stderr
    assert "Running stacked.train_autoencoder" not in done.stdout
    finished = tiny_project.named_runs()
    assert {name: run.info.status for name, run in failed.items()} == {
        "nightly": "FAILED",
        "stacked": "FAILED",
    }
    assert {name: run.info.status for name, run in finished.items()} == {
        "nightly": "FINISHED",
        "stacked": "FINISHED",
    }
    assert {run.info.run_id for run in finished.values()} == {
        run.info.run_id for run in failed.values()
    }
    run = finished["stacked"]
    assert contract.required(VIEWS, {"encoder", "decoder"}) <= run.data.metrics.keys()
    assert "model.keras" in run.data.tags["reused"]
    losses = tiny_project.client.get_metric_history(run.info.run_id, "val/loss")
    assert [metric.step for metric in losses] == [*range(1, 501)]
    assert len(run.outputs.model_outputs) == 1
    logged = tiny_project.client.list_artifacts(run.info.run_id, "figures")
    assert "figures/map.png" in {file.path for file in logged}


def test_other_parameters_of_a_run_key_are_refused(tiny_project: ProjectCopy) -> None:
    before = {run.info.run_id: run.info.status for run in tiny_project.runs()}

    done = tiny_project.kedro(
        "run",
        "--env=smoke",
        "--pipelines=stacked",
        "--params=run_key=nightly,stacked.training.epochs=500,stacked.training.batch_size=16",
    )

    assert done.returncode == 1
    assert "stacked: training.batch_size was 32, is 16" in done.stderr
    assert "Traceback" not in done.stderr
    assert {run.info.run_id: run.info.status for run in tiny_project.runs()} == before


def test_what_a_killed_process_left_running_is_marked_killed(tiny_project: ProjectCopy) -> None:
    process = tiny_project.start(
        "run",
        "--env=smoke",
        "--pipelines=stacked",
        "--params=seed=9,stacked.training.epochs=1000000",
    )
    assert process.stdout is not None
    next(line for line in process.stdout if "stacked: epoch" in line)
    process.kill()
    process.communicate(timeout=LONGEST_WAIT)
    abandoned = tiny_project.runs()[0]

    done = tiny_project.kedro("run", "--env=smoke", "--pipelines=ingest")

    assert done.returncode == 0
    assert abandoned.info.status == "RUNNING"
    assert tiny_project.client.get_run(abandoned.info.run_id).info.status == "KILLED"
    assert f"Run {abandoned.info.run_id} was abandoned" in " ".join(done.stdout.split())


def test_a_part_of_a_variant_is_no_finished_run(tiny_project: ProjectCopy) -> None:
    done = tiny_project.kedro(
        "run", "--env=smoke", "--pipelines=stacked", "--to-nodes=stacked.train_autoencoder"
    )

    assert done.returncode == 0
    run = tiny_project.runs()[0]
    assert run.info.status == "KILLED"
    assert "test/mse" in run.data.tags["incomplete"]
    assert "is marked KILLED, as it has no" in " ".join(done.stdout.split())


def test_a_whole_variant_without_all_that_is_promised_is_an_error(tmp_path: Path) -> None:
    project = copy_tiny_project(tmp_path)
    with (project.folder / "src/autoencoder_lab/pipelines/evaluation/nodes.py").open("a") as nodes:
        nodes.write("\n\ndef measure_map(codings, codings_map, test_labels):\n    return {}\n")

    done = project.kedro("run", "--env=smoke", "--pipelines=linear")

    assert done.returncode == 1
    assert project.runs()[0].info.status == "KILLED"
    assert "the runs of linear are incomplete, although all of their nodes" in done.stderr
    assert "as it has no tsne/trustworthiness" in " ".join(done.stdout.split())
    assert "Traceback" not in done.stderr


def test_an_occasion_says_whether_it_repeats_the_one_before_or_what_has_changed(
    tmp_path: Path,
) -> None:
    project = copy_tiny_project(tmp_path)
    data = project.folder / "data/01_raw/tiny/tiny.npz"
    commit(project)
    said = []
    for run_key in ("monday", "tuesday", "wednesday"):
        if run_key == "wednesday":
            images = np.load(data)["x_train"]
            images[0, 0, 0] += 1
            np.savez(data, x_train=images)
        done = project.kedro(
            "run",
            "--env=smoke",
            "--pipelines=linear,comparison",
            f"--params=run_key={run_key}",
        )
        assert done.returncode == 0, done.stderr
        said.append(project.named_runs()[run_key].data.tags[MLFLOW_RUN_NOTE])

    first, second, third = said

    assert "There is nothing earlier to compare with." in first
    assert re.search(
        r"All \d\d values of 1 cell are equal to those of monday, bit for bit\.", second
    )
    assert re.search(
        r"1 cell is made from something else than in tuesday: data is \w{8}, but \w{8} there\.",
        third,
    )
