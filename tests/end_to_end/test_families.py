"""Families without an encoder, a decoder, or with a classifier, through all that there is.

And the family and the metric that docs/your-own.md adds.
"""

import json
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow.entities import Run

from autoencoder_lab.metrics import contract

from .conftest import VIEWS, ProjectCopy, copy_project
from .families import add_families, add_what_the_page_adds

VARIANTS = {
    "encoder_only": frozenset({"encoder"}),
    "decoder_only": frozenset({"decoder"}),
    "ladder": frozenset({"encoder", "classifier", "labels"}),
    "residual": frozenset({"encoder", "decoder"}),
}


OF_THE_PAGE = "codings/effective_dimension"

N_WEIGHTS = {
    "encoder_only": (64 + 1) * 20 + (20 + 1) * 10,
    "decoder_only": (10 + 1) * 20 + (20 + 1) * 64,
    "ladder": 65 * 1000 + 1001 * 500 + 501 * 250 + 2 * 251 * 250 + 251 * 10,
    "residual": (64 + 1) * 128 + 129 * 30 + 31 * 128 + 129 * 64 + 4 * 129 * 128,
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    project = copy_project(tmp_path_factory.mktemp("families"))
    add_what_the_page_adds(project)
    add_families(project)
    pipelines = f"--pipelines={','.join(VARIANTS)},comparison"
    done = project.kedro("run", "--env=smoke", pipelines)
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def figures(project: ProjectCopy, variant: str) -> set[str]:
    folder = project.folder / f"data/08_reporting/digits/{variant}/seed-42"
    return {file.stem for file in folder.glob("*.png")}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_run_holds_what_the_model_can_be_measured_by(
    project: ProjectCopy, variant: str
) -> None:
    run = project.runs_by_variant("digits")[variant]

    metrics = {
        key
        for key in run.data.metrics
        if not key.startswith(("node/", "system/", OF_THE_PAGE))
        and not contract.find(key).key.endswith("/{part}")  # of its own loss
    }

    assert run.info.status == "FINISHED"
    assert run.data.metrics["model/parameters"] == N_WEIGHTS[variant]
    assert metrics == contract.required(VIEWS, {"classes", "grey", *VARIANTS[variant]})


def test_the_metric_of_the_page_is_of_what_has_an_encoder(project: ProjectCopy) -> None:
    runs = project.runs_by_variant("digits")

    measured = {variant for variant in VARIANTS if OF_THE_PAGE in runs[variant].data.metrics}

    assert measured == VARIANTS.keys() - {"decoder_only"}
    assert 1 < runs["residual"].data.metrics[OF_THE_PAGE] <= 30


def test_figures_are_of_what_the_model_has(project: ProjectCopy) -> None:
    of_codings = {"filters", "activity", "map", "pretraining", "losses"}

    assert figures(project, "encoder_only") == figures(project, "ladder") == of_codings
    assert figures(project, "decoder_only") == {"losses"}
    assert figures(project, "residual") == of_codings | {
        "reconstructions",
        "errors",
        "denoising",
        "walk",
        "mixture_samples",
        "nearest",
    }


def test_each_is_compared_where_it_can_be(project: ProjectCopy) -> None:
    folder = project.folder / "data/08_reporting/digits/comparison"
    rows = [line.split(",") for line in (folder / "leaderboard.csv").read_text().splitlines()[1:]]
    variants = {key: {row[2] for row in rows if row[0] == key} for key, *_ in rows}

    assert variants["test/mse"] == {"residual"}
    assert variants["probe/linear_accuracy"] == {"encoder_only", "ladder", "residual"}
    assert variants["pretraining/gain"] == {"encoder_only", "ladder", "residual"}
    assert variants["semi/accuracy"] == {"ladder"}
    assert variants["fit/seconds"] == VARIANTS.keys()
    promotion = json.loads((folder / "promotion.json").read_text())
    assert (promotion["variant"], promotion["is_promoted"]) == ("residual", True)
    assert "decoder_only" in (folder / "report.html").read_text()


def test_each_is_served_for_what_it_can_do(project: ProjectCopy) -> None:
    images = np.zeros((3, 8, 8, 1), np.float32)
    codings = np.zeros((3, 10), np.float32)
    runs = project.runs_by_variant("digits")

    encoder, decoder, ladder = (
        mlflow.pyfunc.load_model(str(_model(project, runs[variant])))
        for variant in ("encoder_only", "decoder_only", "ladder")
    )

    assert encoder.predict(images).shape == (3, 10)
    assert decoder.predict(codings).shape == images.shape
    np.testing.assert_allclose(ladder.predict(images).sum(axis=1), 1, rtol=1e-5)
    assert ladder.predict(images).shape == (3, 10)
    assert ladder.predict(images, params={"task": "encode"}).shape == (3, 250)
    with pytest.raises(mlflow.MlflowException, match=r"'reconstruct'; allowed: encode$"):
        encoder.predict(images, params={"task": "reconstruct"})
    with pytest.raises(mlflow.MlflowException, match=r"shape \(3, 8, 8, 1\); allowed: \(n, 10\)"):
        decoder.predict(images)


def _model(project: ProjectCopy, run: Run) -> Path:
    """Return where a run's model is: by its name, MLflow would remember the store."""
    [model] = run.outputs.model_outputs
    return project.folder / "mlruns/artifacts/models" / model.model_id / "artifacts"


def test_a_comparison_says_what_it_leaves_out_where_nothing_reconstructs(
    project: ProjectCopy,
) -> None:
    params = "--params=run_key=alone,promotion.metric=validation/linear_accuracy"

    done = project.kedro("run", "--env=smoke", "--pipelines=encoder_only,comparison", params)

    assert done.returncode == 0, done.stdout + done.stderr
    folder = project.folder / "data/08_reporting/digits/alone/comparison"
    assert "validation/linear_accuracy" in (folder / "promotion.json").read_text()
    leaderboard = (folder / "leaderboard.csv").read_text()
    assert "probe/linear_accuracy" in leaderboard
    assert "test/mse" not in leaderboard


def test_champions_by_what_no_variant_has_are_refused_before_training(
    project: ProjectCopy,
) -> None:
    params = "--params=promotion.metric=validation/linear_accuracy"

    refused = project.kedro("run", "--env=smoke", "--pipelines=decoder_only,comparison", params)

    assert refused.returncode == 1
    assert (
        "promotion.metric is 'validation/linear_accuracy', which takes encoder; of the chosen "
        "variants, decoder_only, none has that"
    ) in refused.stderr
    assert "Running" not in refused.stdout
