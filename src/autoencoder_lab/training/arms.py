"""The arms of the pretraining comparison: classifiers with differently initialised encoders."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd
from keras import layers

from autoencoder_lab import models
from autoencoder_lab.images.arrays import ImageSource, Labels
from autoencoder_lab.images.samples import LabelDraw, LabelDraws
from autoencoder_lab.images.sources import encode
from autoencoder_lab.parameters import ModelParams, PretrainingParams

from .classifiers import ClassifierFits, Weights
from .progress import Milestone, tell


@dataclass(frozen=True)
class LabelledImages:
    """The training images, of which few labels are used, and the test images.

    Attributes:
        images, test_images: (n, height, width, channels) in [0, 1].
        labels, test_labels: (n,), all labelled.
    """

    images: ImageSource
    labels: Labels
    test_images: ImageSource
    test_labels: Labels


@dataclass(frozen=True)
class Arm:
    """A way to start a classifier.

    Attributes:
        key: In the metrics.
        encoder: What is fitted below the softmax layer.
        start: Its first weights.
        encode: What of images it is given: themselves or, from a frozen encoder, their codings.
    """

    key: str
    encoder: keras.Model
    start: Callable[[LabelDraw], Weights]
    encode: Callable[[LabelDraw, ImageSource], ImageSource]


def pretrained_accuracies(
    autoencoder: keras.Model, data: LabelledImages, draws: LabelDraws, params: PretrainingParams
) -> pd.DataFrame:
    """Return the test accuracy on a trained encoder, frozen and fine-tuned, as `_measure` does."""
    trained = autoencoder.get_layer("encoder")
    weights = trained.get_weights()
    arms = (
        _frozen("pretraining/frozen", trained, start=lambda draw: weights),
        _fitted("pretraining/fine_tuned", trained, start=lambda draw: weights),
    )
    return pd.concat([_measure(arm, data, draws, params) for arm in arms], axis=1)


def untrained_accuracies(
    model: ModelParams, data: LabelledImages, draws: LabelDraws, params: PretrainingParams
) -> pd.DataFrame:
    """Return the test accuracy on an untrained encoder, frozen and fitted, as `_measure` does."""
    height, width, channels = data.images.shape[1:]

    def start(draw: LabelDraw) -> Weights:
        untrained = models.build(model, (height, width, channels), seed=draw.seed)
        weights: Weights = untrained.get_layer("encoder").get_weights()
        return weights

    encoder = models.build(model, (height, width, channels), seed=0).get_layer("encoder")
    arms = (
        _fitted("pretraining/scratch", encoder, start=start),
        _frozen("pretraining/random_frozen", encoder, start=start),
    )
    return pd.concat([_measure(arm, data, draws, params) for arm in arms], axis=1)


def _fitted(key: str, encoder: keras.Model, *, start: Callable[[LabelDraw], Weights]) -> Arm:
    return Arm(key, keras.models.clone_model(encoder), start, lambda draw, images: images)


def _frozen(key: str, encoder: keras.Model, *, start: Callable[[LabelDraw], Weights]) -> Arm:
    """Return an arm that fits the softmax layer alone, on codings."""
    frozen = keras.models.clone_model(encoder)

    def encode_frozen(draw: LabelDraw, images: ImageSource) -> ImageSource:
        frozen.set_weights(start(draw))
        return encode(frozen, images)

    latent_dim = math.prod(encoder.output_shape[1:])
    nothing = keras.Sequential([keras.Input((latent_dim,)), layers.Flatten()])
    return Arm(key, nothing, lambda draw: [], encode_frozen)


def _measure(
    arm: Arm, data: LabelledImages, draws: LabelDraws, params: PretrainingParams
) -> pd.Series:
    """Return the test accuracy, in [0, 1], by `labels` and `draw`."""
    classes = np.unique(data.labels)
    fits = ClassifierFits(arm.encoder, params, n_classes=len(classes))
    accuracies = draws.empty_table(arm.key)
    for draw in draws.draws:
        inputs = arm.encode(draw, data.images[draw.images])[:]
        targets = np.searchsorted(classes, data.labels[draw.images])
        test_inputs = arm.encode(draw, data.test_images)
        start = arm.start(draw)
        for budget in draws.budgets:
            fits.fit(start, inputs, targets, n_labels=budget, seed=draw.seed)
            is_right = classes[fits.predict(test_inputs)] == data.test_labels
            accuracies[budget, draw.number] = is_right.mean()
            n_done = int(accuracies.notna().sum())
            tell(Milestone(arm.key, n_done, len(accuracies), {}, unit="classifier"))
    return accuracies
