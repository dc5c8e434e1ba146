import logging
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from autoencoder_lab.comparison.results import CellResult
from autoencoder_lab.images.arrays import Autoencoder, Images, RawImages
from autoencoder_lab.models import build
from autoencoder_lab.parameters import DenseParams
from autoencoder_lab.pipelines.comparison.nodes import (
    choose_cells,
    draw_samples_of_variants,
    reconstruct_samples,
    sample_variants,
)

from ...ingest_params import ingest_params
from ...stored_images import stored

RAW = RawImages(np.zeros((9, 5, 3, 1), np.uint8), np.arange(9) % 3)
INGEST = ingest_params(validation_fraction=0.25, test_fraction=0.5, split_seed=7)


def times(factor: float) -> Callable[[], Autoencoder]:
    """Return what loads a model that multiplies images."""

    def predict_on_batch(images: Images) -> Images:
        return factor * images

    return lambda: cast(Autoencoder, SimpleNamespace(predict_on_batch=predict_on_batch))


@pytest.fixture
def tied(cell_result: CellResult) -> CellResult:
    return replace(
        cell_result,
        made_with={"data": RAW.sha256[:8]},
        metrics={"test/mse": 0.25},
        parameters={
            "ingest.validation_fraction": "0.25",
            "ingest.test_fraction": "0.5",
            "ingest.split_seed": "7",
        },
    )


def test_all_cells_have_a_row_and_those_that_are_left_out_a_reason(
    tied: CellResult, caplog: pytest.LogCaptureFixture
) -> None:
    failed = replace(tied, variant="linear", run_id="linear 1", user="ben", status="FAILED")

    with caplog.at_level(logging.WARNING):
        chosen = choose_cells([tied, failed], RAW, INGEST, None)

    assert [result.run_id for result in chosen["compared_cells"]] == ["tied 1"]
    assert chosen["cells_table"].to_dict("records") == [
        {
            "variant": "linear",
            "seed": 1,
            "status": "FAILED",
            "left_out_as": "its run is FAILED",
            "run_id": "linear 1",
            "user": "ben",
        },
        {
            "variant": "tied",
            "seed": 1,
            "status": "FINISHED",
            "left_out_as": "",
            "run_id": "tied 1",
            "user": "anna",
        },
    ]
    assert "Left out of the comparison: linear, seed 1, as its run is FAILED" in caplog.text


def test_runs_of_other_images_are_refused(tied: CellResult) -> None:
    other = RawImages(np.ones((9, 5, 3, 1), np.uint8), RAW.train_labels)
    with pytest.raises(ValueError, match=r"tied, seed 1, were made from other images: data is"):
        choose_cells([tied], other, INGEST, None)

    split = INGEST.model_copy(update={"split_seed": 8})
    with pytest.raises(ValueError, match=r"ingest\.split_seed is 7, but 8 now\. Set it"):
        choose_cells([tied], RAW, split, None)

    of_one_class = replace(tied, parameters={**tied.parameters, "evaluation.normal_class": "2"})
    with pytest.raises(ValueError, match=r"evaluation\.normal_class is 2, but None now"):
        choose_cells([of_one_class], RAW, INGEST, None)

    of_unknown = replace(tied, made_with={})
    with pytest.raises(ValueError, match=r"data is not set, but"):
        choose_cells([of_unknown], RAW, INGEST, None)


def test_a_run_that_somebody_made_by_hand_is_left_out_with_its_reason(tied: CellResult) -> None:
    by_hand = replace(tied, run_id="theirs", foreign="it names no data", ended=tied.ended + 1)

    chosen = choose_cells([by_hand, tied], RAW, INGEST, None)

    assert chosen["compared_cells"] == (tied,)
    reasons = chosen["cells_table"].set_index("run_id")["left_out_as"]
    assert reasons.to_dict() == {tied.run_id: "", "theirs": "it names no data"}


def test_what_reconstructs_does_so_with_the_same_images_by_its_first_seed(
    tied: CellResult,
) -> None:
    images = np.random.default_rng(0).random((20, 5, 3, 1), np.float32)
    images.setflags(write=False)
    cells = [
        replace(tied, load_model=times(1)),
        replace(tied, seed=2, load_model=times(9)),
        replace(tied, variant="wide", load_model=times(0.5)),
        replace(tied, variant="other", metrics={}),  # of a model of one part,
    ]

    reconstructed = reconstruct_samples(cells, images)

    assert list(reconstructed) == ["tied", "wide"]
    np.testing.assert_array_equal(reconstructed["tied"], images[:12])
    np.testing.assert_array_equal(reconstructed["wide"], images[:12] / 2)


@pytest.mark.slow
def test_what_decodes_is_sampled_from_its_prior_and_from_a_mixture(tied: CellResult) -> None:
    images = np.random.default_rng(0).random((60, 5, 3, 1), np.float32)
    params = DenseParams(
        family="dense", widths=(4,), activation="linear", output_activation="sigmoid"
    )
    model = build(params, (5, 3, 1), seed=0)
    decodes = {"samples_real/collapsed": 0.0, "samples_mixture/collapsed": 0.0}
    of_mixture = replace(tied, metrics=decodes, load_model=lambda: model)
    of_both = {**of_mixture.metrics, "samples/collapsed": 0.0}
    cells = [
        of_mixture,
        replace(of_mixture, variant="variational", metrics=of_both),
        replace(tied, variant="other", metrics={}),
    ]

    sampled = sample_variants(cells, stored(images))
    figure = draw_samples_of_variants(sampled)

    assert list(sampled) == ["tied (mixture)", "variational (mixture)", "variational (prior)"]
    assert all(samples.shape == (12, 5, 3, 1) for samples in sampled.values())
    assert [axes.get_ylabel() for axes in figure.axes] == list(sampled)


def test_a_sheet_without_samples_says_why() -> None:
    figure = draw_samples_of_variants({})

    assert "no variant has a decoder" in figure.texts[-1].get_text()
