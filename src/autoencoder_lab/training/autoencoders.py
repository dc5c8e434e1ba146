"""Fitting an autoencoder to reconstruct images: all layers at once, or one pair after another."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

import keras
import numpy as np
import pandas as pd
from keras import layers

from autoencoder_lab.images.arrays import ImageSource, batches
from autoencoder_lab.parameters import GreedyParams, JointParams, TrainingParams

from .phases import COLUMNS, Inputs, Phase, fit_phase

STACKED = "stacked"
"""What the history calls all layers as they were fitted one by one: measured, in no epoch."""


def fit(
    autoencoder: keras.Sequential,
    images: ImageSource,
    validation_images: ImageSource,
    params: TrainingParams,
    *,
    seed: int,
) -> pd.DataFrame:
    """Fit an autoencoder in place, and return its history: a row for each epoch.

    With `patience`, a phase stops once the validation loss has not improved for so many epochs,
    and the best epoch's weights are restored.

    Args:
        images, validation_images: (n, height, width, channels), in [0, 1].

    Raises:
        Diverged: The loss became infinite or NaN, which stops the fit at once.

    Returns:
        `epoch` from 1, over all phases; the mean of the phase's own loss: `train/loss`, measured
        while the weights changed, and `val/loss`, measured after the epoch; and the `phase`.
    """
    encoder, decoder = autoencoder.layers
    whole = Phase("joint", encoder, decoder, images, validation_images, params)
    match params.strategy:
        case JointParams():
            return fit_phase(whole, pd.DataFrame(columns=COLUMNS), seed=seed)
        case GreedyParams():
            return _fit_greedily(whole, params.strategy, seed=seed)
        case _:
            assert_never(params.strategy)


def _fit_greedily(whole: Phase, strategy: GreedyParams, *, seed: int) -> pd.DataFrame:
    """Fit each layer of the encoder with its mirror image, on the codings of the one before.

    Source: Bengio, Lamblin, Popovici and Larochelle, "Greedy Layer-Wise Training of Deep
    Networks", NIPS 2006.
    """
    history = pd.DataFrame(columns=COLUMNS)
    inputs, validation_inputs = whole.inputs, whole.validation_inputs
    params = whole.params
    pairs = zip(_dense(whole.encoder), reversed(_dense(whole.decoder)), strict=True)
    for number, (encoding, decoding) in enumerate(pairs, start=1):
        shape = inputs.shape[1:]
        encoder = keras.Sequential([keras.Input(shape), layers.Flatten(), encoding])
        decoder = keras.Sequential(
            [keras.Input((encoding.units,)), decoding, layers.Reshape(shape)]
        )
        phase = Phase(f"layer {number}", encoder, decoder, inputs, validation_inputs, params)
        history = fit_phase(phase, history, seed=seed)
        inputs, validation_inputs = _codings(encoder, inputs), _codings(encoder, validation_inputs)
        # Codings are of any size, unlike the intensities of pixels.
        inner = {"loss": "mse", "learning_rate": strategy.inner_learning_rate}
        params = whole.params.model_copy(update=inner)
    losses = whole.losses(seed=seed)
    stacked = pd.DataFrame([[len(history) + 1, *losses, STACKED]], columns=COLUMNS)
    history = pd.concat([history, stacked], ignore_index=True)
    if strategy.fine_tuning_epochs:
        params = whole.params.model_copy(update={"epochs": strategy.fine_tuning_epochs})
        phase = replace(whole, name="fine-tuning", params=params)
        history = fit_phase(phase, history, seed=seed, callbacks=[_KeepBest(losses[-1])])
    return history


def _codings(encoder: keras.Model, inputs: Inputs) -> Inputs:
    """Return codings of all inputs, in a file that is gone with them: they may be many."""
    shape = (len(inputs), *encoder.output_shape[1:])
    with tempfile.TemporaryFile() as file:
        for batch in batches(inputs):
            file.write(encoder.predict_on_batch(batch).data)  # a full disk is an error here
        file.flush()
        return np.memmap(file, np.float32, "r", shape=shape)


class _KeepBest(keras.callbacks.Callback):  # type: ignore[misc]
    """Leaves the weights of the lowest validation loss, those before the fit included."""

    def __init__(self, loss_before: float) -> None:
        super().__init__()
        self._lowest = loss_before

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        self._best = self.model.get_weights()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        if logs["val_loss"] < self._lowest:
            self._lowest, self._best = logs["val_loss"], self.model.get_weights()

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        self.model.set_weights(self._best)


def _dense(model: keras.Sequential) -> list[layers.Dense]:
    return [layer for layer in model.layers if isinstance(layer, layers.Dense)]
