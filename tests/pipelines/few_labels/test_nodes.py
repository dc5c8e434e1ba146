import logging

import numpy as np
import pandas as pd
import pytest

from autoencoder_lab.images.samples import LabelDraws, draw_budgets
from autoencoder_lab.images.sources import StoredImages
from autoencoder_lab.parameters import FewLabelsParams
from autoencoder_lab.pipelines.few_labels.nodes import (
    compare_few_labels,
    draw_few_labels,
    train_on_labels_alone,
    train_on_pseudo_labels,
    train_without_shifts,
)

PARAMS = FewLabelsParams(draws=2, labels=10, rounds=1, steps=5, shift=1)
LABELS = np.arange(60) % 3
IMAGES = StoredImages(
    np.random.default_rng(0).integers(0, 255, (60, 6, 6, 1), np.uint8), np.arange(60)
)
CODINGS = np.random.default_rng(1).normal(size=(60, 4)).astype(np.float32)
DRAWS = draw_budgets(LABELS, [10, 30], n_draws=3, seed=0)


def accuracies(draws: LabelDraws, labels: np.ndarray = LABELS) -> list[pd.DataFrame]:
    few = (labels, IMAGES, LABELS, draws, PARAMS)
    graphs = (CODINGS, {"train": CODINGS[:, ::-1].copy()})
    return [
        train_on_pseudo_labels(
            IMAGES, labels, *graphs, IMAGES, LABELS, IMAGES, LABELS, draws, PARAMS
        ),
        train_without_shifts(IMAGES, labels, *graphs, IMAGES, LABELS, draws, PARAMS),
        train_on_labels_alone(IMAGES, *few),
    ]


@pytest.mark.slow
def test_each_arm_is_measured_for_each_draw_and_only_drawn_labels_are_looked_at() -> None:
    # The cheat: an arm that saw the other labels would follow them.
    others_wrong = (LABELS + 1) % 3
    for draw in DRAWS.draws[:2]:
        others_wrong[draw.images[:10]] = LABELS[draw.images[:10]]
    first_only = LabelDraws(DRAWS.budgets, DRAWS.draws[:2])

    tables, cheated = accuracies(first_only), accuracies(first_only, others_wrong)

    assert [table.index.tolist() for table in tables] == [[(10, 0), (10, 1)]] * 3
    for table, other in zip(tables, cheated, strict=True):
        pd.testing.assert_frame_equal(table, other)


def test_means_intervals_and_the_lowest_are_over_the_draws() -> None:
    index = pd.MultiIndex.from_tuples([(100, 0), (100, 1)], names=["labels", "draw"])
    pseudo = pd.DataFrame(
        {
            "few_labels/accuracy": [0.98, 0.96],
            "few_labels/validation_accuracy": [0.97, 0.95],
            "agreed": [0.9, 0.8],
        },
        index,
    )
    unshifted = pd.DataFrame({"few_labels/unshifted": [0.95, 0.95]}, index)
    alone = pd.DataFrame({"few_labels/labels_alone": [0.9, 0.8]}, index)

    compared = compare_few_labels(pseudo, unshifted, alone)

    [scores] = compared["few_labels_scores"].to_dict("records")
    assert scores.pop("few_labels/interval") == pytest.approx(0.127, abs=0.001)  # Student's t, 1
    assert scores == pytest.approx(
        {
            "labels": 100,
            "few_labels/accuracy": 0.97,
            "few_labels/validation_accuracy": 0.96,
            "few_labels/unshifted": 0.95,
            "few_labels/labels_alone": 0.85,
            "few_labels/lowest": 0.96,
        }
    )
    pretraining = pd.DataFrame({"pretraining/spread": 0.9, "pretraining/spread_sum": 0.91}, index)
    figure = draw_few_labels(compared["few_labels_draws"], pretraining.reset_index())
    assert figure.get_suptitle() == "100 labels, drawn 2 times"
    [axes] = figure.axes
    assert axes.lines[0].get_xdata().tolist() == [98, 96]


def test_without_classes_all_is_empty_and_the_figure_says_so() -> None:
    compared = compare_few_labels(*accuracies(LabelDraws((), ())))

    assert compared["few_labels_draws"].empty
    assert compared["few_labels_scores"].empty
    pretraining = pd.DataFrame(columns=["labels", "draw", "pretraining/spread"])
    figure = draw_few_labels(compared["few_labels_draws"], pretraining)
    assert "left out" in figure.texts[-1].get_text()


@pytest.mark.slow
def test_graphs_that_agree_nowhere_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    two_groups = np.repeat([0, 1], 30)[:, np.newaxis] + CODINGS / 100
    other_groups = np.tile([0, 1], 30)[:, np.newaxis] + CODINGS / 100
    labels = np.repeat([0, 1], 30)
    draws = draw_budgets(labels, [10], n_draws=2, seed=0)

    pseudo = train_on_pseudo_labels(
        IMAGES,
        labels,
        two_groups.astype(np.float32),
        {"train": other_groups.astype(np.float32)},
        IMAGES,
        labels,
        IMAGES,
        labels,
        draws,
        PARAMS,
    )

    assert 0 < pseudo["agreed"].mean() < 0.9
    assert f"agree on {100 * pseudo['agreed'].mean():.0f} % of the images" in caplog.text
