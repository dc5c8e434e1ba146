"""`kedro replay`: runs replayed in a clone, found equal or not, or refused."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

from .conftest import ProjectCopy, commit, copy_project


def own_images(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"x_train": rng.integers(0, 255, (200, 7, 5), np.uint8), "y_train": np.arange(200) % 3}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    """Return a project in a commit, with images and a variant that are in none."""
    project = copy_project(tmp_path_factory.mktemp("replay"))
    commit(project)
    folder = project.folder / "data/01_raw/own"
    folder.mkdir()
    np.savez(folder / "own.npz", **own_images(0))
    variant = (project.folder / "conf/base/parameters/linear.yml").read_text()
    narrow = variant.replace("\nlinear:", "\nnarrow:").replace("widths: [30]", "widths: [4]")
    (project.folder / "conf/base/parameters/narrow.yml").write_text(narrow)
    return project


@pytest.fixture(scope="module")
def original(project: ProjectCopy) -> Run:
    done = project.kedro(
        "run",
        "--env=smoke",
        "--pipelines=narrow",
        "--params=dataset=own,seed=5,narrow.training.epochs=2,ingest.height=9,ingest.width=9",
    )
    assert done.returncode == 0, done.stderr
    [run] = project.runs()
    return run


def replay(project: ProjectCopy, run_id: str, *options: str) -> subprocess.CompletedProcess[str]:
    return project.kedro("replay", run_id, *options)


def artifact(project: ProjectCopy, run: Run, path: str) -> Path:
    return project.folder / "mlruns/artifacts" / run.info.run_id / "artifacts" / path


def require_refusal(
    project: ProjectCopy, run_id: str, *facts: str, options: tuple[str, ...] = ()
) -> None:
    before = project.written()

    done = replay(project, run_id, *options)

    assert done.returncode == 1
    for fact in facts:
        assert fact in done.stderr, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.strip().endswith("False"), "TensorFlow was loaded"
    assert project.written() == before


def test_a_run_of_uncommitted_code_is_made_again_bit_for_bit(
    project: ProjectCopy, original: Run
) -> None:
    status = subprocess.check_output(["git", "status", "--short"], cwd=project.folder)
    on_disk = [path for path in project.written() if path.startswith("data")]

    done = replay(project, original.info.run_id)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "values are equal, bit for bit." in done.stdout
    assert "The first output that differs" not in done.stdout
    again, parent, first = project.runs()
    assert first.info.run_id == original.info.run_id
    assert again.info.status == parent.info.status == "FINISHED"
    assert again.data.tags["replay_of"] == original.info.run_id
    assert again.data.tags["replay_is_equal"] == "true"
    for tag in ("git_commit", "git_changes", "data_digest", "variant", "dataset", "seed"):
        assert again.data.tags[tag] == original.data.tags[tag]
    assert f"/runs/{original.info.run_id})" in again.data.tags[MLFLOW_RUN_NOTE]
    values = artifact(project, again, "replay/values.csv").read_text()
    assert "test/mse" in values
    assert "seconds" not in values
    # The user's own files are left alone.
    assert subprocess.check_output(["git", "status", "--short"], cwd=project.folder) == status
    assert [path for path in project.written() if path.startswith("data")] == on_disk


def test_other_code_that_is_allowed_is_told_by_its_first_difference(
    project: ProjectCopy, original: Run
) -> None:
    code = project.folder / "src/autoencoder_lab/metrics/codings.py"
    text = code.read_text()
    code.write_text(text.replace("NEIGHBOURS = 5", "NEIGHBOURS = 50"))
    variant = project.folder / "conf/base/parameters/narrow.yml"
    aside = variant.rename(project.folder / "narrow.yml")  # its parameters are in the run

    done = replay(project, original.info.run_id, "--allow-other-code")
    code.write_text(text)
    aside.rename(variant)

    assert done.returncode == 1, done.stderr
    assert "Allowed: uncommitted changes was" in done.stdout
    assert "1 of" in done.stdout
    assert "probe/knn_accuracy" in done.stdout
    assert "The first output that differs: codings_metrics of measure_codings." in done.stdout
    assert project.runs()[0].data.tags["replay_is_equal"] == "false"


def test_other_images_are_refused(project: ProjectCopy, original: Run) -> None:
    file = project.folder / "data/01_raw/own/own.npz"
    before = file.read_bytes()
    np.savez(file, **own_images(1))

    try:
        require_refusal(
            project,
            original.info.run_id,
            "the images of own have changed",
            original.data.tags["data_digest"][:8],
            "--allow-other-data",
        )
    finally:
        file.write_bytes(before)


def test_other_packages_and_an_unknown_commit_are_refused_at_once(
    project: ProjectCopy, original: Run
) -> None:
    packages = artifact(project, original, "environment/packages.txt")
    before = packages.read_text()
    packages.write_text(before.replace("keras==", "keras==0."))
    project.client.set_tag(original.info.run_id, "git_commit", "c0ffee" * 6 + "c0ff")

    try:
        require_refusal(
            project,
            original.info.run_id,
            "commit c0ffeec0 is not in this repository",
            "--allow-other-code",
            "packages differ: keras was 0.",
            "--allow-other-environment",
        )
        require_refusal(
            project,
            original.info.run_id,
            "commit c0ffeec0 is not in this repository",
            options=("--allow-other-environment",),
        )
    finally:
        packages.write_text(before)
        project.client.set_tag(original.info.run_id, "git_commit", original.data.tags["git_commit"])


def test_uncommitted_changes_that_were_not_kept_whole_are_refused(
    project: ProjectCopy, original: Run
) -> None:
    project.client.set_tag(original.info.run_id, "git_changes", "0" * 64)

    try:
        require_refusal(
            project,
            original.info.run_id,
            "were not kept whole",
            "--allow-other-code",
            options=("--trust",),
        )
    finally:
        project.client.set_tag(
            original.info.run_id, "git_changes", original.data.tags["git_changes"]
        )


def test_uncommitted_code_that_is_not_here_is_shown_and_not_run_unless_it_is_trusted(
    project: ProjectCopy, original: Run
) -> None:
    variant = project.folder / "conf/base/parameters/narrow.yml"
    aside = variant.rename(project.folder / "narrow.yml")

    done = replay(project, original.info.run_id)
    aside.rename(variant)

    assert done.returncode == 1
    assert "+    widths: [4]" in done.stdout
    assert f"These are uncommitted changes of {original.data.tags['mlflow.user']}" in done.stdout
    assert "add --trust" in done.stderr
    assert "Traceback" not in done.stderr


def test_code_is_shown_that_another_has_put_under_the_digest_of_ones_own(
    project: ProjectCopy, original: Run
) -> None:
    patch = artifact(project, original, "code/uncommitted.patch")
    own = patch.read_bytes()
    patch.write_bytes(own.replace(b"+    widths: [4]", b"+    widths: [5]"))
    project.client.set_tag(original.info.run_id, "code_digest", "")  # as older runs

    try:
        done = replay(project, original.info.run_id)
    finally:
        patch.write_bytes(own)
        digest = original.data.tags["code_digest"]
        project.client.set_tag(original.info.run_id, "code_digest", digest)

    assert done.returncode == 1
    assert "+    widths: [5]" in done.stdout
    assert "add --trust" in done.stderr


@pytest.mark.parametrize(
    "path",
    [
        "environment/packages.txt",
        "configuration/parameters.yml",
        "code/uncommitted.patch",
        "nodes",
    ],
)
def test_a_deleted_artifact_is_named(project: ProjectCopy, original: Run, path: str) -> None:
    file = artifact(project, original, path)
    aside = file.rename(file.with_name("aside"))

    try:
        require_refusal(project, original.info.run_id, f"no longer has {path}", "Restore")
    finally:
        aside.rename(file)


def test_runs_that_are_none_of_a_variant_of_this_project_are_refused(
    project: ProjectCopy, original: Run
) -> None:
    client = project.client
    other = client.create_experiment("another project")
    foreign = client.create_run(other, run_name="theirs").info.run_id
    parent = client.create_run(
        original.info.experiment_id, tags={"dataset": "own", "seed": "1"}, run_name="all"
    ).info.run_id
    child = client.create_run(
        original.info.experiment_id,
        tags={"dataset": "own", "variant": "tied", "mlflow.parentRunId": parent},
        run_name="tied own 1",
    ).info.run_id

    require_refusal(project, "nonsense", "run nonsense is not in the store")
    require_refusal(project, foreign, "theirs", "of another project or experiment")
    require_refusal(project, parent, "choose one of", f"{child}  tied own 1")
    require_refusal(project, child, "is RUNNING; allowed: FINISHED")
