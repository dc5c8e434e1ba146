"""Classifiers on few labels, with and without an encoder that was trained on all images."""

import logging

import numpy as np
import pandas as pd

from autoencoder_lab import seeds
from autoencoder_lab.arrays import Autoencoder, Figure, Images, Labels, has_labels
from autoencoder_lab.parameters import PretrainingParams, VariantParams
from autoencoder_lab.samples import stratified_order

logger = logging.getLogger(__name__)

# Whether the encoder starts pretrained, and whether it is frozen.
ARMS = {
    "pretraining/scratch": (False, False),
    "pretraining/frozen": (True, True),
    "pretraining/fine_tuned": (True, False),
    "pretraining/random_frozen": (False, True),
}
COLUMNS = ["labels", *ARMS, "pretraining/gain"]


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
        `pretraining/gain`, fine-tuned minus scratch. No row where an image has no label.
    """
    from autoencoder_lab import models  # Keras takes seconds to import
    from autoencoder_lab.training.classifiers import accuracy, fit_classifier

    if not (has_labels(train_labels) and has_labels(test_labels)):
        logger.warning("Not all images have labels: the pretraining comparison is left out.")
        return pd.DataFrame(columns=COLUMNS)
    encoder_seed, subset_seed, fit_seed = seeds.derive(seed, "pretraining", 3)
    classes = np.unique(train_labels)
    chosen = stratified_order(train_labels, seed=subset_seed)[: params.labels]
    height, width, channels = train_images.shape[1:]

    scores: dict[str, float] = {"labels": len(chosen)}
    for arm, (is_pretrained, is_frozen) in ARMS.items():
        untrained = models.build(variant.model, (height, width, channels), seed=encoder_seed)
        encoder = untrained.get_layer("encoder")
        if is_pretrained:
            encoder.set_weights(model.get_layer("encoder").get_weights())
        encoder.trainable = not is_frozen
        classifier = fit_classifier(
            encoder,
            train_images[chosen],
            np.searchsorted(classes, train_labels[chosen]),
            params,
            n_classes=len(classes),
            seed=fit_seed,
        )
        scores[arm] = accuracy(classifier, test_images, test_labels, classes=classes)
    scores["pretraining/gain"] = scores["pretraining/fine_tuned"] - scores["pretraining/scratch"]
    return pd.DataFrame([scores], columns=COLUMNS)


def draw_pretraining(pretraining_scores: pd.DataFrame) -> Figure:
    """Return the accuracies of the arms, side by side."""
    from autoencoder_lab.figures.pretraining import label_budget_bars  # matplotlib is slow

    return label_budget_bars(pretraining_scores, title="Classifiers on few labels")
