"""The committed MNIST, and images that a user brings."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autoencoder_lab.metrics import contract

from .conftest import VIEWS, ProjectCopy

FAST = (
    "stacked.training.epochs=1,pretraining.steps=20,pretraining.label_budgets=50,"
    "pretraining.draws=2,evaluation.tsne_images=100,"
    "samples.images=1000,samples.mixtures=1-10,samples.judge_epochs=1"
)
OWN = f"{FAST},stacked.training.compilation=graph,pretraining.compilation=graph"
"""Of data of one's own; MNIST shows what XLA compiles."""


@pytest.fixture
def raw(project: ProjectCopy) -> Path:
    return project.folder / "data" / "01_raw"


def test_one_epoch_on_mnist_beats_the_mean_image(
    project: ProjectCopy, succeed: Callable[..., str]
) -> None:
    succeed("run", "--pipelines=stacked", f"--params={FAST}")

    run = project.runs()[0]
    # The mean image's error on MNIST's test images is 0.067.
    assert run.data.metrics["test/mse"] < 0.03
    assert run.data.metrics["model/parameters"] == 163_814
    assert run.data.metrics["pretraining/scratch"] > 0.2


def test_unlabelled_colour_images_in_an_archive(
    project: ProjectCopy, succeed: Callable[..., str], raw: Path
) -> None:
    (raw / "colours").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (150, 32, 32, 3), dtype=np.uint8)
    np.savez(raw / "colours" / "colours.npz", train_images=pixels)

    printed = succeed("run", "--pipelines=stacked", f"--params=dataset=colours,{OWN}")

    run = project.runs()[0]
    assert run.info.status == "FINISHED"
    assert "test/mse" in run.data.metrics
    assert "pretraining/scratch" not in run.data.metrics
    assert "the pretraining comparison is left out" in " ".join(printed.split())


def test_a_folder_of_labelled_images_of_odd_size(
    project: ProjectCopy, succeed: Callable[..., str], raw: Path
) -> None:
    rng = np.random.default_rng(0)
    for label, brightness in (("dark", 60), ("light", 190)):
        folder = raw / "shades" / label
        folder.mkdir(parents=True)
        for n in range(75):
            pixels = rng.normal(brightness, 20, (27, 31)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{n}.png")

    succeed("run", "--pipelines=stacked", f"--params=dataset=shades,{OWN}")

    run = project.runs()[0]
    assert run.info.status == "FINISHED"
    assert run.data.tags["dataset"] == "shades"
    assert run.data.metrics["pretraining/scratch"] > 0.9


def test_a_class_of_one_image_is_trained_on_and_measured(
    project: ProjectCopy, succeed: Callable[..., str], raw: Path
) -> None:
    (raw / "rare").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    labels = np.r_[np.zeros(39, np.int64), 1]
    np.savez(raw / "rare" / "rare.npz", train_images=pixels, train_labels=labels)
    params = f"{OWN},ingest.split_seed=2".replace("label_budgets=50", "label_budgets=5")

    succeed("run", "--pipelines=stacked", f"--params=dataset=rare,{params}")

    run = project.runs()[0]
    assert run.info.status == "FINISHED"
    assert contract.required(VIEWS, {"encoder", "decoder", "classes"}) <= run.data.metrics.keys()


def test_images_that_are_all_the_same_and_of_one_class_are_handled_and_said(
    project: ProjectCopy, succeed: Callable[..., str], raw: Path
) -> None:
    (raw / "black").mkdir()
    pixels = np.zeros((60, 9, 7), np.uint8)  # of which codings are equal, too
    np.savez(raw / "black" / "black.npz", train_images=pixels, train_labels=np.full(60, 3))

    printed = " ".join(
        succeed("run", "--pipelines=stacked", f"--params=dataset=black,{OWN}").split()
    )

    run = project.runs()[0]
    assert run.info.status == "FINISHED"
    assert np.isfinite(list(run.data.metrics.values())).all()
    assert "All images are the same" in printed
    assert "All training images are of one class" in printed
    assert not [key for key in run.data.metrics if key.startswith(("probe/", "pretraining/"))]
    assert "t-SNE's perplexity is" in printed


def test_images_as_people_have_them(
    project: ProjectCopy, succeed: Callable[..., str], raw: Path
) -> None:
    """Two levels of labels, masks beside photographs, sizes that differ, one to be turned."""
    rng = np.random.default_rng(0)
    for kind, brightness in (("dark", 60), ("light", 190)):
        for maker in ("a", "b"):
            folder = raw / "parts" / kind / maker
            folder.mkdir(parents=True)
            for n in range(30):
                size = (30 + n % 3, 40, 3)
                pixels = rng.normal(brightness, 20, size).clip(0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{n}.jpg")
                Image.new("1", (40, 30)).save(folder / f"{n}.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (90, 120), "white").save(raw / "parts" / "light" / "a" / "0.jpg", exif=exif)
    local = project.folder / "conf" / "local" / "parameters.yml"
    local.write_text(
        "ingest: {pattern: '**/*.jpg', height: 12, width: 16, channels: 1, fit: crop}\n"
    )

    try:
        succeed("run", "--pipelines=stacked", f"--params=dataset=parts,{OWN}")
    finally:
        local.unlink()

    run = project.runs()[0]
    assert run.data.metrics["pretraining/scratch"] > 0.9
    summary = json.loads(
        (project.folder / "data/08_reporting/parts/shared/seed-42/data_summary.json").read_text()
    )
    assert summary["image"] == {"height": 12, "width": 16, "channels": 1}
    assert summary["left_out"]["not matched by ingest.pattern"]["files"] == 120
    assert summary["changed"]["turned as EXIF says"] == 1
    assert summary["changed"]["made grey"] == 120


def test_what_is_of_another_class_than_all_training_images_is_found(
    project: ProjectCopy, succeed: Callable[..., str], raw: Path
) -> None:
    rng = np.random.default_rng(0)
    for place, n_images in (("train/good", 120), ("test/good", 30), ("test/striped", 20)):
        folder = raw / "screws" / place
        folder.mkdir(parents=True)
        for n in range(n_images):
            pixels = np.full((12, 12), rng.integers(100, 150), np.uint8)
            if "striped" in place:
                pixels[:, n % 12 :: 3] = 255
            Image.fromarray(pixels).save(folder / f"{n}.png")

    succeed("run", "--pipelines=stacked", f"--params=dataset=screws,{OWN}")

    run = project.runs()[0]
    assert run.info.status == "FINISHED"
    assert run.data.metrics["anomaly/auroc"] == 1
    assert run.data.metrics["anomaly/average_precision"] == 1
    assert not [key for key in run.data.metrics if key.startswith(("probe/", "pretraining/"))]


def test_a_class_that_is_called_normal_is_all_that_is_trained_on(
    project: ProjectCopy, succeed: Callable[..., str]
) -> None:
    said = succeed(
        "run", "--pipelines=stacked", f"--params=dataset=digits,evaluation.normal_class=0,{OWN}"
    )

    run = project.runs()[0]
    assert run.data.metrics["anomaly/auroc"] > 0.8
    assert "anomalies" in said
    assert "linear" not in said  # no column of probes
    summary = json.loads(
        (project.folder / "data/08_reporting/digits/shared/seed-42/data_summary.json").read_text()
    )
    assert list(summary["train"]["images_by_class"]) == ["0"]
    of_test = summary["test"]
    assert summary["test_anomalies"] == of_test["images"] - of_test["images_by_class"]["0"]
