"""Data on an object store, as a team's machines share them: raw images and results."""

import io
import json
from collections.abc import Iterator

import fsspec
import numpy as np
import pytest
from fsspec import AbstractFileSystem
from PIL import Image

from ..servers import s3_server
from .conftest import ProjectCopy

ROOT = "s3://results/lab"


@pytest.fixture(scope="module")
def store(project: ProjectCopy) -> Iterator[dict[str, str]]:
    with (project.folder / "conf/smoke/globals.yml").open("a") as globals_file:
        globals_file.write(f"data_root: {ROOT}/\n")
    with s3_server("results") as variables:
        yield variables


@pytest.fixture(scope="module")
def bucket(store: dict[str, str]) -> AbstractFileSystem:
    return fsspec.filesystem(
        "s3",
        endpoint_url=store["AWS_ENDPOINT_URL"],
        key=store["AWS_ACCESS_KEY_ID"],
        secret=store["AWS_SECRET_ACCESS_KEY"],
    )


def put_images(bucket: AbstractFileSystem, dataset: str) -> None:
    """Put 60 images of two labels into the bucket, and some that are to be left out."""
    rng = np.random.default_rng(0)
    for n in range(60):
        brightness = 60 + 130 * (n % 2)
        pixels = rng.normal(brightness, 20, (14, 12)).clip(0, 255).astype(np.uint8)
        content = io.BytesIO()
        Image.fromarray(pixels).save(content, "png")
        label = "light" if n % 2 else "dark"
        bucket.pipe_file(f"{ROOT}/01_raw/{dataset}/{label}/{n}.png", content.getvalue())
    bucket.pipe_file(f"{ROOT}/01_raw/{dataset}/notes.txt", b"left out")


def test_raw_images_are_read_from_the_store_and_results_written_to_it_and_used_again(
    project: ProjectCopy, store: dict[str, str], bucket: AbstractFileSystem
) -> None:
    put_images(bucket, "shades")
    command = ("run", "--env=smoke", "--pipelines=linear,comparison")
    params = "--params=dataset=shades,ingest.height=8,ingest.width=8"
    first = project.kedro(*command, params, **store)

    second = project.kedro(*command, params, "--only-missing-outputs", **store)

    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert "Reading images of shades: 60 files" in first.stdout
    assert "Reading images" not in second.stdout
    assert f"{ROOT}/08_reporting/shades/linear/seed-42" in first.stdout
    assert "Running linear.train_autoencoder" in first.stdout
    assert "Running linear.train_autoencoder" not in second.stdout
    assert [file for file in project.written() if file.startswith("data/0")] == []
    run = project.named_runs(n_newest=2)["linear"]
    assert run.info.status == "FINISHED"
    assert "model.keras" in run.data.tags["reused"]
    assert run.data.metrics["probe/linear_accuracy"] > 0.9
    summary = json.loads(
        bucket.cat_file(f"{ROOT}/08_reporting/shades/shared/seed-42/data_summary.json")
    )
    assert summary["left_out"]["not in a form that is read"]["names"] == ["notes.txt"]


def test_a_study_keeps_the_lines_of_a_cell_beside_its_figures(
    project: ProjectCopy, store: dict[str, str], bucket: AbstractFileSystem
) -> None:
    put_images(bucket, "studied")
    cells = ("--datasets=studied", "--variants=linear", "--seeds=1", "--run-key=lines")
    params = "--params=ingest.height=8,ingest.width=8"

    done = project.kedro("study", "--env=smoke", *cells, params, **store)

    assert done.returncode == 0, done.stderr
    figures = f"{ROOT}/08_reporting/studied/lines/linear/seed-1"
    assert f"{figures}/losses.png".removeprefix("s3://") in bucket.ls(figures, refresh=True)
    assert b"Running linear.train_autoencoder" in bucket.cat_file(f"{figures}/run.log")
    assert [file for file in project.written() if file.startswith("data/0")] == []


def test_a_changed_image_in_the_store_is_decoded_again(
    project: ProjectCopy, store: dict[str, str], bucket: AbstractFileSystem
) -> None:
    put_images(bucket, "changing")
    command = ("run", "--env=smoke", "--pipelines=ingest", "--params=dataset=changing")
    first = project.kedro(*command, **store)
    bucket.copy(f"{ROOT}/01_raw/changing/light/1.png", f"{ROOT}/01_raw/changing/dark/0.png")

    second = project.kedro(*command, **store)

    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert "Reading images" in second.stdout


def test_archives_in_the_store_are_read(
    project: ProjectCopy, store: dict[str, str], bucket: AbstractFileSystem
) -> None:
    content = io.BytesIO()
    np.savez(content, x_train=np.random.default_rng(0).integers(0, 256, (40, 9, 9), np.uint8))
    bucket.pipe_file(f"{ROOT}/01_raw/packed/packed.npz", content.getvalue())
    bucket.put(f"{project.folder}/data/01_raw/mnist/", f"{ROOT}/01_raw/mnist/", recursive=True)

    for dataset in ("packed", "mnist"):
        done = project.kedro(
            "run", "--env=smoke", "--pipelines=ingest", f"--params=dataset={dataset}", **store
        )
        assert done.returncode == 0, done.stderr


def test_an_unknown_data_set_names_those_of_the_store(
    project: ProjectCopy, store: dict[str, str]
) -> None:
    done = project.kedro("run", "--env=smoke", "--params=dataset=shadse", **store)

    assert "dataset is 'shadse'; allowed: " in done.stderr
    assert "shades" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_doctor_finds_the_cells_of_the_store(
    project: ProjectCopy, store: dict[str, str]
) -> None:
    done = project.kedro("doctor", "--env=smoke", **store)

    assert f"2 cells in {ROOT}" in done.stdout


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
    assert f"raw images cannot be read from {ROOT}/01_raw/digits" in done.stderr
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.endswith("False\n")  # TensorFlow was not loaded
    assert len(project.runs()) == n_runs
