"""Classifiers on few labels, with and without an encoder that was trained on all images."""

import logging

import numpy as np
import numpy.typing as npt
import pandas as pd

from autoencoder_lab import seeds
from autoencoder_lab.arrays import Autoencoder, Figure, Images, Labels, has_labels
from autoencoder_lab.parameters import PretrainingParams, VariantParams

logger = logging.getLogger(__name__)

COLUMNS = [
    "labels",
    "pretraining/scratch",
    "pretraining/frozen",
    "pretraining/fine_tuned",
    "pretraining/random_frozen",
    "pretraining/gain",
]


def compare_pretraining(
    model: Autoencoder,
    train_images: Images,
    train_labels: Labels,
    test_images: Images,
    test_labels: Labels,
    variant: VariantParams,
    params: PretrainingParams,
    seed: int,
) -> pd.DataFrame:
    """Return the test accuracy of classifiers that share all but how their encoder starts.

    The arms: an encoder trained from scratch, the variant's frozen, the variant's fine-tuned,
    and an untrained one frozen. They see the same labels in the same order, and are fitted by
    the same optimizer for the same number of steps.

    Returns:
        A row for the label budget: `labels`, an accuracy in [0, 1] for each arm, and
        `pretraining/gain`, fine-tuned minus scratch. No row where images have no labels.
    """
    from autoencoder_lab import models  # Keras takes seconds to import
    from autoencoder_lab.training.classifiers import accuracy, fit_classifier

    if not (has_labels(train_labels) and has_labels(test_labels)):
        logger.warning("The images have no labels: the pretraining comparison is left out.")
        return pd.DataFrame(columns=COLUMNS)
    [encoder_seed, subset_seed, fit_seed] = seeds.derive(seed, "pretraining", 3)
    n_labels = min(params.labels, len(train_images))
    chosen = choose_labelled(train_labels, n_labels, seed=subset_seed)
    height, width, channels = train_images.shape[1:]
    pretrained = model.get_layer("encoder").get_weights()

    def score(*, is_pretrained: bool, is_frozen: bool) -> float:
        encoder = models.build(
            variant.model, (height, width, channels), seed=encoder_seed
        ).get_layer("encoder")
        if is_pretrained:
            encoder.set_weights(pretrained)
        encoder.trainable = not is_frozen
        classifier = fit_classifier(
            encoder,
            train_images[chosen],
            train_labels[chosen],
            params,
            n_classes=int(train_labels.max()) + 1,
            seed=fit_seed,
        )
        return accuracy(classifier, test_images, test_labels)

    scores = {
        "labels": n_labels,
        "pretraining/scratch": score(is_pretrained=False, is_frozen=False),
        "pretraining/frozen": score(is_pretrained=True, is_frozen=True),
        "pretraining/fine_tuned": score(is_pretrained=True, is_frozen=False),
        "pretraining/random_frozen": score(is_pretrained=False, is_frozen=True),
    }
    scores["pretraining/gain"] = scores["pretraining/fine_tuned"] - scores["pretraining/scratch"]
    return pd.DataFrame([scores], columns=COLUMNS)


def draw_pretraining(pretraining_scores: pd.DataFrame) -> Figure:
    """Return the accuracies of the arms, side by side."""
    from autoencoder_lab.figures.pretraining import (
        label_budget_bars,  # matplotlib is slow
    )

    return label_budget_bars(pretraining_scores, title="Classifiers on few labels")


def choose_labelled(labels: Labels, n: int, *, seed: int) -> npt.NDArray[np.intp]:
    """Return the indices of `n` images, in which each class has its share.

    For the same seed, smaller budgets are parts of larger ones.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    # How far through its class each image comes: the smallest n of these are a fair share.
    position = np.empty(len(labels))
    for label in np.unique(labels):
        of_class = order[labels[order] == label]
        position[of_class] = (np.arange(len(of_class)) + rng.random()) / len(of_class)
    return np.argsort(position, kind="stable")[:n]
