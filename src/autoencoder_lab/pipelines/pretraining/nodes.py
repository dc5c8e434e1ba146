"""Classifiers on few labels, with and without an encoder that was trained on all images."""

import logging
from typing import TypedDict

import numpy as np
import pandas as pd

from autoencoder_lab import seeds
from autoencoder_lab.arrays import Autoencoder, Figure, Images, Labels, has_labels
from autoencoder_lab.parameters import PretrainingParams, VariantParams
from autoencoder_lab.samples import LabelDraws, draw_budgets

logger = logging.getLogger(__name__)


class Compared(TypedDict):
    """The accuracies of all arms by label budget, for each draw and over the draws."""

    pretraining_draws: pd.DataFrame
    pretraining_scores: pd.DataFrame


def choose_labels(
    train_labels: Labels, test_labels: Labels, params: PretrainingParams, seed: int
) -> LabelDraws:
    """Return which training images have labels: none where not all images are labelled.

    Budgets are capped by the images there are; those that would leave a class without a label are
    left out.
    """
    if not (has_labels(train_labels) and has_labels(test_labels)):
        logger.warning("Not all images have labels: the pretraining comparison is left out.")
        return LabelDraws((), ())
    [draw_seed] = seeds.derive(seed, "pretraining")
    draws = draw_budgets(train_labels, params.label_budgets, n_draws=params.draws, seed=draw_seed)
    if too_small := [n for n in params.label_budgets if n < min(draws.budgets)]:
        n_classes = len(np.unique(train_labels))
        logger.warning("Label budgets %s are less than %d classes: left out.", too_small, n_classes)
    return draws


def fit_untrained(
    train_images: Images,
    train_labels: Labels,
    test_images: Images,
    test_labels: Labels,
    label_draws: LabelDraws,
    variant: VariantParams,
    params: PretrainingParams,
) -> pd.DataFrame:
    """Return the test accuracy of classifiers on an untrained encoder, by labels and draw.

    It is fitted with them, `pretraining/scratch`, or left as it is, `pretraining/random_frozen`.
    """
    from autoencoder_lab.training import arms  # Keras takes seconds to import

    data = arms.LabelledImages(train_images, train_labels, test_images, test_labels)
    return arms.untrained_accuracies(variant.model, data, label_draws, params)


def fit_pretrained(
    model: Autoencoder,
    train_images: Images,
    train_labels: Labels,
    test_images: Images,
    test_labels: Labels,
    label_draws: LabelDraws,
    params: PretrainingParams,
) -> pd.DataFrame:
    """Return the test accuracy of classifiers on the variant's encoder, by labels and draw.

    It is fitted with them, `pretraining/fine_tuned`, or left as it is, `pretraining/frozen`. All
    else is as in `fit_untrained`: labels, batches, softmax layer, optimizer, number of steps.
    """
    from autoencoder_lab.training import arms  # Keras takes seconds to import

    data = arms.LabelledImages(train_images, train_labels, test_images, test_labels)
    return arms.pretrained_accuracies(model, data, label_draws, params)


def compare_pretraining(untrained: pd.DataFrame, pretrained: pd.DataFrame) -> Compared:
    """Return the accuracies of all arms, by draw and by label budget."""
    from autoencoder_lab.metrics.pretraining import by_budget  # SciPy takes its time

    accuracies = pd.concat([untrained, pretrained], axis=1).reset_index()
    scores = by_budget(accuracies)
    for labels, gain, interval, verdict in zip(
        scores["labels"],
        scores["pretraining/gain"],
        scores["pretraining/gain_interval"],
        scores["verdict"],
        strict=True,
    ):
        logger.info(
            "%d labels: pretraining %s, %+.1f ± %.1f points",
            labels,
            verdict,
            100 * gain,
            100 * interval,
        )
    return Compared(pretraining_draws=accuracies, pretraining_scores=scores)


def draw_pretraining(pretraining_scores: pd.DataFrame) -> Figure:
    """Return the accuracies by label budget, and what pretraining gains."""
    from autoencoder_lab.figures.pretraining import label_budget_curves  # matplotlib is slow

    return label_budget_curves(pretraining_scores, title="Classifiers on few labels")
