import logging

import numpy as np
import pandas as pd
import pytest

from autoencoder_lab.parameters import PretrainingParams
from autoencoder_lab.pipelines.pretraining.nodes import choose_labels, compare_pretraining

PARAMS = PretrainingParams(
    label_budgets=(2, 10, 30),
    draws=2,
    steps=60,
    batch_size=16,
    learning_rate=0.01,
    pca_components=3,
)
LABELS = np.arange(20) % 5


def test_without_classes_none_are_chosen_and_it_is_said(caplog: pytest.LogCaptureFixture) -> None:
    chosen = choose_labels(LABELS, False, PARAMS, 0)

    assert chosen.budgets == chosen.draws == ()
    assert "left out" in caplog.text


def test_budgets_that_are_too_large_or_small_are_handled_and_the_small_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chosen = choose_labels(LABELS, True, PARAMS, 0)

    assert chosen.budgets == (10, 20)
    assert "Label budgets [2] are less than 5 classes: left out." in caplog.text


def test_it_is_said_plainly_what_pretraining_does(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    index = pd.MultiIndex.from_product([(10, 20), (0, 1)], names=["labels", "draw"])
    untrained = pd.DataFrame({"pretraining/scratch": [0.5, 0.6, 0.7, 0.8]}, index)
    pretrained = pd.DataFrame({"pretraining/fine_tuned": [0.45, 0.55, 0.75, 0.85]}, index)
    others = [pd.Series(0.4, index, name=name) for name in ("a/spread", "b/pixels", "c/pca")]

    compared = compare_pretraining(untrained, pretrained, *others)

    assert caplog.messages == [
        "10 labels: pretraining harms, -5.0 ± 0.0 points",
        "20 labels: pretraining helps, +5.0 ± 0.0 points",
    ]
    assert compared["pretraining_draws"]["draw"].tolist() == [0, 1, 0, 1]
    assert compared["pretraining_scores"]["labels"].tolist() == [10, 20]
