"""Classifiers on few labels, with and without an encoder that was trained on all images."""

import logging
from typing import TypedDict

import numpy as np
import pandas as pd

from autoencoder_lab.images import seeds
from autoencoder_lab.images.arrays import Autoencoder, Codings, Figure, Labels
from autoencoder_lab.images.samples import SAMPLE, LabelDraws, draw_budgets
from autoencoder_lab.images.sources import StoredImages
from autoencoder_lab.parameters import ModelParams, PretrainingParams

logger = logging.getLogger(__name__)


PIXELS = ("logistic", "nearest", "spread")
"""What labels give without an encoder."""

SPREAD = ("pretraining/spread", "pretraining/spread_sum")
"""What labels give that spread over codings: the variant's, and these and PCA's."""


class Compared(TypedDict):
    """The accuracies of all arms by label budget, for each draw and over the draws."""

    pretraining_draws: pd.DataFrame
    pretraining_scores: pd.DataFrame


def choose_labels(
    train_labels: Labels, has_classes: bool, params: PretrainingParams, seed: int
) -> LabelDraws:
    """Return which training images have labels: none where not all have, or all the same.

    Budgets are capped by the images there are; those that would leave a class without a label are
    left out.
    """
    if not has_classes:
        logger.warning(
            "There are no labels, or not of two classes: the pretraining comparison is left out."
        )
        return LabelDraws((), ())
    [draw_seed] = seeds.derive(seed, "pretraining")
    of_sample = train_labels[:SAMPLE]
    draws = draw_budgets(of_sample, params.label_budgets, n_draws=params.draws, seed=draw_seed)
    if too_small := [n for n in params.label_budgets if n < min(draws.budgets)]:
        n_classes = len(np.unique(of_sample))
        logger.warning("Label budgets %s are less than %d classes: left out.", too_small, n_classes)
    return draws


def measure_pixels(
    train_images: StoredImages,
    train_labels: Labels,
    test_images: StoredImages,
    test_labels: Labels,
    label_draws: LabelDraws,
) -> pd.DataFrame:
    """Return the test accuracy that few labels give without an encoder, by labels and draw.

    By logistic regression, the nearest neighbour, and labels that spread: `baseline/pixels_…`.
    """
    from autoencoder_lab.metrics import baselines  # scikit-learn takes a second to import
    from autoencoder_lab.metrics.spreading import LabelGraph, spread_accuracies

    if not label_draws.budgets:
        return pd.concat(
            [label_draws.empty_table(f"baseline/pixels_{method}") for method in PIXELS], axis=1
        )
    pixels, test_pixels = baselines.as_points(train_images, test_images)
    labels, of_test = train_labels[:SAMPLE], test_labels[:SAMPLE]
    others = baselines.few_label_accuracies(pixels, labels, test_pixels, of_test, label_draws)
    graph = LabelGraph.of(pixels)
    nearest = graph.nearest(test_pixels)
    key = "baseline/pixels_spread"
    spread = spread_accuracies(graph, labels, nearest, of_test, label_draws, key=key)
    return pd.concat([others, spread], axis=1)


def encode_by_pca(
    train_images: StoredImages,
    test_images: StoredImages,
    label_draws: LabelDraws,
    params: PretrainingParams,
    seed: int,
) -> dict[str, Codings]:
    """Return the codings (n, components) by PCA, `train` and `test`: none without labels."""
    from autoencoder_lab.metrics import baselines  # scikit-learn takes a second to import

    if not label_draws.budgets:
        nothing = np.empty((0, 0), np.float32)
        return {"train": nothing, "test": nothing}

    [pca_seed] = seeds.derive(seed, "PCA")
    train, test = baselines.pca_codings(
        train_images, test_images, n_components=params.pca_components, seed=pca_seed
    )
    return {"train": train, "test": test}


def measure_pca(
    pca_codings: dict[str, Codings],
    train_labels: Labels,
    test_labels: Labels,
    label_draws: LabelDraws,
) -> pd.DataFrame:
    """Return the test accuracy of labels that spread over PCA's codings, by labels and draw."""
    from autoencoder_lab.metrics.spreading import LabelGraph, spread_accuracies

    key = "baseline/pca_spread"
    if not label_draws.budgets:
        return label_draws.empty_table(key).to_frame()
    graph = LabelGraph.of(pca_codings["train"])
    nearest = graph.nearest(pca_codings["test"])
    labels, of_test = train_labels[:SAMPLE], test_labels[:SAMPLE]
    return spread_accuracies(graph, labels, nearest, of_test, label_draws, key=key).to_frame()


def fit_untrained(
    train_images: StoredImages,
    train_labels: Labels,
    test_images: StoredImages,
    test_labels: Labels,
    label_draws: LabelDraws,
    model: ModelParams,
    params: PretrainingParams,
) -> pd.DataFrame:
    """Return the test accuracy of classifiers on an untrained encoder, by labels and draw.

    It is fitted with them, `pretraining/scratch`, or left as it is, `pretraining/random_frozen`.
    """
    from autoencoder_lab.training import arms  # Keras takes seconds to import

    data = arms.LabelledImages(
        train_images, train_labels, test_images.first(SAMPLE), test_labels[:SAMPLE]
    )
    return arms.untrained_accuracies(model, data, label_draws, params)


def fit_pretrained(
    model: Autoencoder,
    train_images: StoredImages,
    train_labels: Labels,
    test_images: StoredImages,
    test_labels: Labels,
    label_draws: LabelDraws,
    params: PretrainingParams,
) -> pd.DataFrame:
    """Return the test accuracy of classifiers on the variant's encoder, by labels and draw.

    It is fitted with them, `pretraining/fine_tuned`, or left as it is, `pretraining/frozen`. All
    else is as in `fit_untrained`: labels, batches, softmax layer, optimizer, number of steps.
    """
    from autoencoder_lab.training import arms  # Keras takes seconds to import

    data = arms.LabelledImages(
        train_images, train_labels, test_images.first(SAMPLE), test_labels[:SAMPLE]
    )
    return arms.pretrained_accuracies(model, data, label_draws, params)


def spread_labels(
    train_codings: Codings,
    train_labels: Labels,
    codings: Codings,
    test_labels: Labels,
    pca_codings: dict[str, Codings],
    label_draws: LabelDraws,
) -> pd.DataFrame:
    """Return the test accuracy of labels that spread over the codings, by labels and draw.

    By themselves, `pretraining/spread`, and with the neighbours by PCA, `pretraining/spread_sum`.
    """
    from autoencoder_lab.metrics.spreading import LabelGraph, spread_accuracies

    if not label_draws.budgets:
        return pd.concat([label_draws.empty_table(key) for key in SPREAD], axis=1)
    labels, of_test = train_labels[: len(train_codings)], test_labels[: len(codings)]
    graph = LabelGraph.of(train_codings)
    both = graph + LabelGraph.of(pca_codings["train"])
    graphs = (graph, graph.nearest(codings)), (both, both.nearest(codings, pca_codings["test"]))
    return pd.concat(
        [
            spread_accuracies(over, labels, nearest, of_test, label_draws, key=key)
            for key, (over, nearest) in zip(SPREAD, graphs, strict=True)
        ],
        axis=1,
    )


def compare_pretraining(
    untrained: pd.DataFrame,
    pretrained: pd.DataFrame,
    spread: pd.DataFrame,
    pixels: pd.DataFrame,
    pca: pd.DataFrame,
) -> Compared:
    """Return the accuracies of all arms and baselines, by draw and by label budget."""
    from autoencoder_lab.metrics.pretraining import by_budget  # SciPy takes its time

    accuracies = pd.concat([untrained, pretrained, spread, pixels, pca], axis=1).reset_index()
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
