"""Fitting an autoencoder to reconstruct images: all layers at once, or one pair after another."""

import tempfile
from dataclasses import replace
from typing import NamedTuple, assert_never

import keras
import numpy as np
import pandas as pd
from keras import layers

from autoencoder_lab import models
from autoencoder_lab.images.arrays import ImageSource, batches
from autoencoder_lab.parameters import (
    AdversarialParams,
    GanParams,
    GreedyParams,
    JointParams,
    LadderParams,
    TrainingParams,
    VariationalParams,
)

from . import adversarial, gan, joint, ladder, variational
from .checkpoints import Best
from .chunks import Labelled
from .fits import Fit
from .phases import Inputs, Phase

JOINT = "joint"
"""What the history calls a fit of all layers at once."""

STACKED = "stacked"
"""What the history calls all layers as they were fitted one by one: measured, in no epoch."""

FINE_TUNING = "fine-tuning"
"""What the history calls the fit of all of these at once."""


class Fitted(NamedTuple):
    """What a fit came to.

    Attributes:
        history: `epoch` from 1, over all phases; the mean of the phase's own loss: `train/loss`,
            measured while the weights changed, and `val/loss`, measured after the epoch; the parts
            of a loss that has several, as `train/<part>` and `val/<part>`; and the `phase`.
        seconds: What it took, before it was interrupted included.
        n_resumed: How many epochs were over when it was interrupted; 0 where it was not.
        log_variance: From images to the log-variances of their codings, where the encoder gives the
            means of distributions.
    """

    history: pd.DataFrame
    seconds: float
    n_resumed: int
    log_variance: keras.Sequential | None


class KnownClasses(NamedTuple):
    """The images of a fit whose classes are known, and those that are measured on meanwhile."""

    train: Labelled
    validation: Labelled
    n_classes: int


def fit(
    autoencoder: keras.Sequential,
    images: ImageSource,
    validation_images: ImageSource,
    params: TrainingParams,
    *,
    known: KnownClasses | None = None,
    seed: int,
) -> Fitted:
    """Fit an autoencoder, or half of one, in place.

    Where it is fitted with classes, a layer `classifier` is added.

    With `patience`, a phase stops once the validation loss has not improved for so many epochs,
    and the best epoch's weights are left. Where something keeps the states of this thread's fits
    (`checkpoints`), one that was interrupted is resumed, to the same bytes.

    Args:
        images, validation_images: (n, height, width, channels), in [0, 1].
        known: What is known of classes, for the strategy `ladder`.

    Raises:
        Diverged: The loss became infinite or NaN, which stops the fit at once.
    """
    log_variance: keras.Sequential | None = None
    match strategy := params.strategy:
        case JointParams() | GreedyParams():
            encoder, decoder = autoencoder.layers
            game = joint.game(encoder, decoder, params)
        case VariationalParams():
            encoder, decoder = autoencoder.layers
            log_variance = models.build_log_variance(encoder, seed=seed)
            game = variational.game(encoder, decoder, log_variance, params, strategy)
        case AdversarialParams():
            encoder, decoder = autoencoder.layers
            coding_shape = encoder.output_shape[1:]
            discriminator = models.build_discriminator(
                strategy.discriminator, coding_shape, seed=seed
            )
            game = adversarial.game(encoder, decoder, discriminator, params, strategy)
        case GanParams():
            [generator] = autoencoder.layers
            image_shape = images.shape[1:]
            discriminator = models.build_discriminator(
                strategy.discriminator, image_shape, seed=seed
            )
            game = gan.game(generator, discriminator, params, strategy)
        case LadderParams():
            assert known is not None, "a ladder is fitted with labels"
            return _fit_ladder(autoencoder, images, validation_images, params, known, seed=seed)
        case _:
            assert_never(strategy)
    whole = Phase(JOINT, game, images, validation_images, params)
    fit = Fit(autoencoder, seed=seed)
    if isinstance(strategy, GreedyParams):
        _fit_greedily(fit, whole, strategy)
    else:
        fit.run(whole)
    return Fitted(fit.history, fit.seconds, fit.n_resumed, log_variance)


def _fit_ladder(
    autoencoder: keras.Sequential,
    images: ImageSource,
    validation_images: ImageSource,
    params: TrainingParams,
    known: KnownClasses,
    *,
    seed: int,
) -> Fitted:
    strategy = params.strategy
    assert isinstance(strategy, LadderParams)
    [encoder] = autoencoder.layers
    network = ladder.Ladder(encoder, n_classes=known.n_classes, seed=seed)
    game = ladder.game(encoder, network, params, strategy)
    fit = Fit(autoencoder, seed=seed)
    fit.run(Phase(JOINT, game, images, validation_images, params, known.train, known.validation))
    network.fold(images)
    autoencoder.add(network.classifier)
    return Fitted(fit.history, fit.seconds, fit.n_resumed, None)


def _fit_greedily(fit: Fit, whole: Phase, strategy: GreedyParams) -> None:
    """Fit each layer of the encoder with its mirror image, on the codings of the one before.

    Source: Bengio, Lamblin, Popovici and Larochelle, "Greedy Layer-Wise Training of Deep
    Networks", NIPS 2006.
    """
    inputs, validation_inputs = whole.inputs, whole.validation_inputs
    params = whole.params
    outer_encoder, outer_decoder = whole.game.model.layers
    pairs = zip(_dense(outer_encoder), reversed(_dense(outer_decoder)), strict=True)
    for number, (encoding, decoding) in enumerate(pairs, start=1):
        shape = inputs.shape[1:]
        encoder = keras.Sequential([keras.Input(shape), layers.Flatten(), encoding])
        decoder = keras.Sequential(
            [keras.Input((encoding.units,)), decoding, layers.Reshape(shape)]
        )
        game = joint.game(encoder, decoder, params)
        fit.run(Phase(f"layer {number}", game, inputs, validation_inputs, params))
        inputs, validation_inputs = _codings(encoder, inputs), _codings(encoder, validation_inputs)
        # Codings are of any size, unlike the intensities of pixels.
        inner = {"loss": "mse", "learning_rate": strategy.inner_learning_rate}
        params = whole.params.model_copy(update=inner)
    loss = fit.measure(STACKED, whole)
    if strategy.fine_tuning_epochs:
        params = whole.params.model_copy(update={"epochs": strategy.fine_tuning_epochs})
        weights = whole.game.model.get_weights()
        fit.run(replace(whole, name=FINE_TUNING, params=params), floor=Best(loss, 0, weights))


def _codings(encoder: keras.Model, inputs: Inputs) -> Inputs:
    """Return codings of all inputs, in a file that is gone with them: they may be many."""
    shape = (len(inputs), *encoder.output_shape[1:])
    with tempfile.TemporaryFile() as file:
        for batch in batches(inputs):
            file.write(encoder.predict_on_batch(batch).data)  # a full disk is an error here
        file.flush()
        return np.memmap(file, np.float32, "r", shape=shape)


def _dense(model: keras.Sequential) -> list[layers.Dense]:
    return [layer for layer in model.layers if isinstance(layer, layers.Dense)]
