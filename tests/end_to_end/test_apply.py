"""`kedro apply`: a trained model on new images, and on those that it was trained and tested on."""

import json
import subprocess
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run
from PIL import Image
from sklearn.datasets import load_digits

from autoencoder_lab.images.arrays import Images

from .conftest import ProjectCopy, copy_project

N_NEW = 30


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    """Return a project with models of three kinds, one of them the champion."""
    project = copy_project(tmp_path_factory.mktemp("apply"))
    for pipelines in ("stacked,ladder,comparison", "gan"):
        done = project.kedro("run", "--env=smoke", f"--pipelines={pipelines}")
        assert done.returncode == 0, done.stderr
    return project


@pytest.fixture(scope="module")
def stacked(project: ProjectCopy) -> Run:
    return project.named_runs()["stacked"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of digits as PNG files: some larger than those of training."""
    folder = tmp_path_factory.mktemp("new") / "photos"
    (folder / "larger").mkdir(parents=True)
    for number, digit in enumerate(load_digits().images[:N_NEW]):
        image = Image.fromarray((digit / 16 * 255).astype(np.uint8))
        if number % 3:
            image.save(folder / f"{number:02}.png")
        else:
            image.resize((20, 16)).save(folder / "larger" / f"{number:02}.png")
    return folder


def apply(project: ProjectCopy, *arguments: object) -> subprocess.CompletedProcess[str]:
    return project.kedro("apply", *map(str, arguments))


def model_of(project: ProjectCopy, run: Run) -> keras.Model:
    [file] = project.folder.glob(
        f"mlruns/artifacts/models/{run.outputs.model_outputs[-1].model_id}/**/model.keras"
    )
    return keras.saving.load_model(file)


def test_the_champion_makes_of_new_images_what_keras_makes_of_them(
    project: ProjectCopy, stacked: Run, tmp_path: Path
) -> None:
    images: Images = (load_digits().images[:N_NEW, ..., None] / 16).astype(np.float32)
    np.savez(tmp_path / "new.npz", images=images)

    address = "models:/autoencoder-digits@champion"
    folder = tmp_path / "made"
    done = apply(project, address, tmp_path / "new.npz", "--to", folder, "--reconstructions", "npz")

    assert done.returncode == 0, done.stderr
    table = pd.read_parquet(folder / "images.parquet")
    model = model_of(project, stacked)
    reconstructions = model.predict(images, verbose=0)
    assert table["image"].tolist() == [str(number) for number in range(N_NEW)]
    codings = model.get_layer("encoder").predict(images, verbose=0)
    assert np.stack(table["coding"]) == pytest.approx(codings, abs=1e-5)
    errors = np.square(reconstructions - images).mean(axis=(1, 2, 3))
    assert table["squared_error"].to_numpy() == pytest.approx(errors, rel=1e-4)
    with np.load(folder / "reconstructions.npz") as made:
        assert made["images"] == pytest.approx(reconstructions, abs=1e-5)


def test_a_run_links_to_the_model_and_shows_the_worst_images(
    project: ProjectCopy, stacked: Run, photos: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "made"
    done = apply(project, stacked.info.run_id, photos, "--to", folder, "--reconstructions=png")

    assert done.returncode == 0, done.stderr
    assert "10 images: brought to the size by pad" in done.stdout
    run = project.client.get_run(project.runs()[0].info.run_id)  # a search tells no inputs
    assert (run.info.run_name, run.info.status) == ("apply", "FINISHED")
    assert run.data.tags["applied_run"] == stacked.info.run_id
    model_id = stacked.outputs.model_outputs[-1].model_id
    assert [model.model_id for model in run.inputs.model_inputs] == [model_id]
    assert run.data.metrics["apply/images"] == N_NEW
    figure = project.client.download_artifacts(run.info.run_id, "figures/largest_errors.png")
    assert Path(figure).read_bytes() == (folder / "largest_errors.png").read_bytes()
    about = json.loads((folder / "about.json").read_text())
    assert (about["run"], about["images_from"]) == (run.info.run_id, str(photos))
    table = pd.read_parquet(folder / "images.parquet")
    names = sorted(str(file.relative_to(photos)) for file in photos.rglob("*.png"))
    assert sorted(table["image"]) == names
    for name in names:
        with Image.open(folder / "reconstructions" / f"{name}.png") as image:
            assert image.size == (8, 8)


def test_what_it_was_tested_on_has_the_error_that_its_run_says(
    project: ProjectCopy, stacked: Run, tmp_path: Path
) -> None:
    done = apply(project, stacked.info.run_id, "--to", tmp_path / "made", "--nearest=2")

    assert done.returncode == 0, done.stderr
    table = pd.read_parquet(tmp_path / "made/images.parquet")
    assert len(table) == len(load_digits().images)
    for split in ("validation", "test"):
        error = table.loc[table["split"] == split, "squared_error"].mean()
        assert error == pytest.approx(stacked.data.metrics[f"{split}/mse"], rel=1e-5)
    of_training = table[table["split"] == "train"]
    assert (of_training["nearest"].str[0] == of_training["image"]).mean() > 0.99  # but for doubles
    assert of_training["nearest_distance"].str[0].max() < 1e-3
    # Of digits, most neighbours are of the same class.
    assert (table["nearest_class"].str[1] == table["class"]).mean() > 0.8


def test_a_classifier_tells_classes_by_their_names(project: ProjectCopy, tmp_path: Path) -> None:
    ladder = project.named_runs()["ladder"]

    done = apply(project, ladder.info.run_id, "--to", tmp_path / "made")

    assert done.returncode == 0, done.stderr
    table = pd.read_parquet(tmp_path / "made/images.parquet")
    test = table[table["split"] == "test"]
    accuracy = (test["predicted_class"] == test["class"]).mean()
    assert accuracy == pytest.approx(ladder.data.metrics["semi/accuracy"], abs=1e-9)
    assert test["probability"].between(0.1, 1).all()
    assert "squared_error" not in table


def test_an_unreadable_image_fails_the_run_and_leaves_nothing(
    project: ProjectCopy, stacked: Run, photos: Path, tmp_path: Path
) -> None:
    with_one_more = tmp_path / "photos"
    with_one_more.mkdir()
    (with_one_more / "a.png").write_bytes((photos / "01.png").read_bytes())
    (with_one_more / "b.png").write_bytes(b"")

    done = apply(project, stacked.info.run_id, with_one_more, "--to", tmp_path / "made")

    assert done.returncode == 1
    assert "b.png cannot be read as an image: it is empty" in done.stderr
    assert f"Nothing is written to {tmp_path / 'made'}" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos"]
    assert project.runs()[0].info.status == "FAILED"


REFUSALS = {
    "no such model": (["models:/autoencoder-digits/7", "{photos}"], "model models:/autoencoder-"),
    "no model's name": (["stacked", "{photos}"], "the model is 'stacked'; allowed: a registered"),
    "no such run": (["0" * 32, "{photos}"], f"the model {'0' * 32} is not read: Run with id="),
    "a run of several": (["{parent}", "{photos}"], "has fitted no model"),
    "a generator": (["{gan}", "{photos}"], "has no encoder, only decoder"),
    "no decoder": (["{ladder}", "{photos}", "--reconstructions=png"], "has no decoder; allowed"),
    "no images": (["{stacked}", "{photos}/nowhere"], "there is no "),
    "a wrong parameter": (
        ["{stacked}", "{photos}", "--params=ingest.fit=shrink"],
        "ingest.fit is 'shrink'; allowed: 'pad', 'crop' or 'stretch'",
    ),
    "another parameter": (
        ["{stacked}", "{photos}", "--params=ingest.height=9,seed=3"],
        "--params has seed, ingest.height; allowed: ingest.pattern, ingest.fit",
    ),
    "an empty path": (["{stacked}", ""], "IMAGES is empty; allowed: a path or an address"),
    "parameters of no images": (
        ["{stacked}", "--params=ingest.fit=crop"],
        "--params is of new images; allowed: with IMAGES",
    ),
    "no parameters": (
        ["{stacked}", "{photos}", "--params=ingest=5"],
        "--params has ingest=5; allowed: ingest.pattern",
    ),
    "no file that matches": (
        ["{stacked}", "{photos}", "--params=ingest.pattern='*.jpg'"],
        "ingest.pattern is '*.jpg', which matches none",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), REFUSALS.values(), ids=REFUSALS)
def test_what_cannot_be_done_is_refused_before_a_run_begins(
    project: ProjectCopy, photos: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    before = [run.info.run_id for run in project.runs()]
    ids = {name: run.info.run_id for name, run in project.named_runs().items()}
    ids["parent"] = ids["comparison+ladder+stacked"]
    filled = [argument.format(photos=photos, **ids) for argument in arguments]

    done = apply(project, *filled, "--to", tmp_path / "made")

    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert [*tmp_path.iterdir()] == []
    assert [run.info.run_id for run in project.runs()] == before


def test_a_folder_that_holds_something_is_left_alone(
    project: ProjectCopy, stacked: Run, photos: Path
) -> None:
    before = sorted(photos.rglob("*"))

    done = apply(project, stacked.info.run_id, photos, "--to", photos)

    assert done.returncode == 1
    assert f"{photos} is there already; allowed: a new or an empty folder" in done.stderr
    assert done.stderr.strip().endswith("False"), "TensorFlow was loaded"
    assert sorted(photos.rglob("*")) == before


def test_a_folder_that_there_cannot_be_is_named(
    project: ProjectCopy, stacked: Run, photos: Path
) -> None:
    done = apply(project, stacked.info.run_id, photos, "--to", photos / (300 * "x"))

    assert done.returncode == 1
    assert "xxx: File name too long" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_images_that_have_changed_are_not_those_of_training(
    project: ProjectCopy, stacked: Run, tmp_path: Path
) -> None:
    project.client.set_tag(stacked.info.run_id, "data_digest", "0" * 64)
    try:
        done = apply(project, stacked.info.run_id, "--to", tmp_path / "made")
    finally:
        digest = stacked.data.tags["data_digest"]
        project.client.set_tag(stacked.info.run_id, "data_digest", digest)

    assert done.returncode == 1
    assert "the images of digits are not those that stacked digits 42" in done.stderr
