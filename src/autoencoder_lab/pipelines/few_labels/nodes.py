"""A network on few labels: on those that spread from them, without shifts, and on them alone."""

import logging
from collections.abc import Mapping
from typing import NamedTuple, TypedDict

import numpy as np
import pandas as pd

from autoencoder_lab.images.arrays import UNLABELLED, Codings, Figure, Labels
from autoencoder_lab.images.samples import SAMPLE, LabelDraws
from autoencoder_lab.images.sources import StoredImages
from autoencoder_lab.parameters import FewLabelsParams
from autoencoder_lab.training.progress import Milestone, tell

logger = logging.getLogger(__name__)

ACCURACY, VALIDATION = "few_labels/accuracy", "few_labels/validation_accuracy"
UNSHIFTED, ALONE = "few_labels/unshifted", "few_labels/labels_alone"

LEAST_AGREED = 0.8
"""The share of images that two graphs should agree on: below it, both are often wrong."""


class Compared(TypedDict):
    """The accuracies of the network and its controls, for each draw and over the draws."""

    few_labels_draws: pd.DataFrame
    few_labels_scores: pd.DataFrame


class Split(NamedTuple):
    """Images that are measured on, and their classes."""

    images: StoredImages
    labels: Labels


def train_on_pseudo_labels(
    train_images: StoredImages,
    train_labels: Labels,
    train_codings: Codings,
    pca_codings: dict[str, Codings],
    validation_images: StoredImages,
    validation_labels: Labels,
    test_images: StoredImages,
    test_labels: Labels,
    label_draws: LabelDraws,
    params: FewLabelsParams,
) -> pd.DataFrame:
    """Return accuracies, by labels and draw, where labels spread, train a network, and spread on.

    `few_labels/accuracy` of the test images, `few_labels/validation_accuracy`, and the share of
    training images on which the graphs of codings `agreed`.
    """
    test = Split(test_images.first(SAMPLE), test_labels[:SAMPLE])
    validation = Split(validation_images.first(SAMPLE), validation_labels[:SAMPLE])
    table = _spread_and_train(
        Split(train_images.first(SAMPLE), train_labels[:SAMPLE]),
        (train_codings, pca_codings["train"]),
        {ACCURACY: test, VALIDATION: validation},
        label_draws,
        params,
        shift=params.shift,
    )
    if len(table) and (agreed := table["agreed"].mean()) < LEAST_AGREED:
        logger.warning(
            "The graphs of the codings and of PCA's agree on %.0f %% of the images: few labels are "
            "worth little with these codings.",
            100 * agreed,
        )
    return table


def train_without_shifts(
    train_images: StoredImages,
    train_labels: Labels,
    train_codings: Codings,
    pca_codings: dict[str, Codings],
    test_images: StoredImages,
    test_labels: Labels,
    label_draws: LabelDraws,
    params: FewLabelsParams,
) -> pd.DataFrame:
    """Return the same test accuracy where images stay in their place: `few_labels/unshifted`."""
    test = Split(test_images.first(SAMPLE), test_labels[:SAMPLE])
    return _spread_and_train(
        Split(train_images.first(SAMPLE), train_labels[:SAMPLE]),
        (train_codings, pca_codings["train"]),
        {UNSHIFTED: test},
        label_draws,
        params,
        shift=0,
    )[[UNSHIFTED]]


def _spread_and_train(
    train: Split,
    codings: tuple[Codings, Codings],
    measured: Mapping[str, Split],
    label_draws: LabelDraws,
    params: FewLabelsParams,
    *,
    shift: int,
) -> pd.DataFrame:
    draws = label_draws.first(params.draws, budget=params.labels)
    columns = {key: draws.empty_table(key) for key in (*measured, "agreed")}
    if draws.draws:
        from autoencoder_lab.metrics.spreading import LabelGraph  # scikit-learn takes a second
        from autoencoder_lab.training import pseudo_labels  # Keras takes seconds to import

        one, other = (LabelGraph.of(of_one) for of_one in codings)
    for draw in draws.draws:
        few = np.full_like(train.labels, UNLABELLED)
        few[draw.images] = train.labels[draw.images]
        spread = pseudo_labels.spread_and_train(
            train.images, few, (one, other), params, shift=shift, seed=draw.seed
        )
        columns["agreed"][len(draw.images), draw.number] = spread.agreed
        for key, (images, labels) in measured.items():
            is_right = spread.predict(images) == labels
            columns[key][len(draw.images), draw.number] = is_right.mean()
        tell(Milestone(next(iter(measured)), draw.number + 1, params.draws, {}, unit="draw"))
    return pd.DataFrame(columns)


def train_on_labels_alone(
    train_images: StoredImages,
    train_labels: Labels,
    test_images: StoredImages,
    test_labels: Labels,
    label_draws: LabelDraws,
    params: FewLabelsParams,
) -> pd.DataFrame:
    """Return the test accuracy of such a network on the few labels: `few_labels/labels_alone`."""
    draws = label_draws.first(params.draws, budget=params.labels)
    accuracies = draws.empty_table(ALONE)
    if draws.draws:
        from autoencoder_lab.training import pseudo_labels  # Keras takes seconds to import
    for draw in draws.draws:
        classes = np.unique(train_labels[draw.images])
        network = pseudo_labels.fit_moved(
            train_images,
            train_labels,
            draw.images,
            classes,
            params,
            shift=params.shift,
            seed=draw.seed,
        )
        predicted = pseudo_labels.classify(network, test_images.first(SAMPLE), classes)
        is_right = predicted == test_labels[:SAMPLE]
        accuracies[len(draw.images), draw.number] = is_right.mean()
        tell(Milestone(ALONE, draw.number + 1, params.draws, {}, unit="draw"))
    return accuracies.to_frame()


def compare_few_labels(
    pseudo_labelled: pd.DataFrame, unshifted: pd.DataFrame, labels_alone: pd.DataFrame
) -> Compared:
    """Return the accuracies by draw, and over the draws: means, an interval, and the lowest."""
    from autoencoder_lab.metrics.intervals import half_width  # SciPy takes its time

    accuracies = pd.concat([pseudo_labelled, unshifted, labels_alone], axis=1)
    by_labels = accuracies.groupby("labels")
    scores = by_labels.mean().drop(columns="agreed")
    scores["few_labels/interval"] = by_labels[ACCURACY].agg(half_width)
    scores["few_labels/lowest"] = by_labels[ACCURACY].min()
    return Compared(
        few_labels_draws=accuracies.reset_index(), few_labels_scores=scores.reset_index()
    )


def draw_few_labels(few_labels_draws: pd.DataFrame, pretraining_draws: pd.DataFrame) -> Figure:
    """Return the accuracy of each draw, beside that of labels which only spread."""
    from autoencoder_lab.figures.few_labels import accuracies_of_draws  # matplotlib is slow

    accuracies = few_labels_draws.merge(pretraining_draws, on=["labels", "draw"])
    labels = ", ".join(f"{n:,}" for n in accuracies["labels"].unique())
    return accuracies_of_draws(accuracies, title=f"{labels} labels, drawn {len(accuracies)} times")
