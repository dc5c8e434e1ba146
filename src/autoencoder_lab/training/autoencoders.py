"""Fitting an autoencoder to reconstruct images."""

import math
import sys

import keras
import pandas as pd

from autoencoder_lab import seeds
from autoencoder_lab.arrays import Images
from autoencoder_lab.parameters import TrainingParams
from autoencoder_lab.training.batches import PREDICTED_AT_ONCE, shuffled_batches
from autoencoder_lab.training.divergence import Diverged

# Dispatching a step costs more than computing it on small models.
STEPS_PER_EXECUTION = 64


def fit(
    autoencoder: keras.Model,
    images: Images,
    validation_images: Images,
    params: TrainingParams,
    *,
    seed: int,
) -> pd.DataFrame:
    """Fit an autoencoder in place, and return its history: a row for each epoch.

    With `patience`, training stops once the validation loss has not improved for so many
    epochs, and the best epoch's weights are restored.

    Args:
        images, validation_images: (n, height, width, channels), in [0, 1].

    Raises:
        Diverged: The loss became infinite or NaN, which stops the fit at once.

    Returns:
        `epoch` from 1, and the mean over images and pixels of the loss: `train/loss`, measured
        while the weights changed, and `val/loss`, measured after the epoch.
    """
    # Shares the layers, and keeps the optimizer's state out of the autoencoder that is saved.
    trainer = keras.Model(autoencoder.inputs, autoencoder.outputs)
    trainer.compile(
        optimizer=_optimizer(params),
        loss=params.loss,
        steps_per_execution=STEPS_PER_EXECUTION,
    )
    [shuffle_seed] = seeds.derive(seed, "order of the batches")
    history = trainer.fit(
        shuffled_batches(images, images, batch_size=params.batch_size, seed=shuffle_seed),
        validation_data=(validation_images, validation_images),
        validation_batch_size=PREDICTED_AT_ONCE,
        epochs=params.epochs,
        callbacks=_callbacks(params),
        shuffle=False,  # the batches are in random order already
        # A bar where somebody watches, a line for each epoch in a log.
        verbose=1 if sys.stdout.isatty() else 2,
    ).history
    by_epoch = pd.DataFrame(
        {
            "epoch": range(1, len(history["loss"]) + 1),
            "train/loss": history["loss"],
            "val/loss": history["val_loss"],
        }
    )
    if not math.isfinite(history["loss"][-1]):
        raise Diverged(
            f"the loss became {history['loss'][-1]} in epoch {len(by_epoch)}: "
            f"try a learning_rate below {params.learning_rate:g}",
            by_epoch,
        )
    return by_epoch


def _optimizer(params: TrainingParams) -> keras.optimizers.Optimizer:
    optimizers = {
        "sgd": keras.optimizers.SGD,
        "adam": keras.optimizers.Adam,
        "nadam": keras.optimizers.Nadam,
    }
    return optimizers[params.optimizer](params.learning_rate)


def _callbacks(params: TrainingParams) -> list[keras.callbacks.Callback]:
    callbacks: list[keras.callbacks.Callback] = [keras.callbacks.TerminateOnNaN()]
    if params.patience is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping(
                "val_loss", patience=params.patience, restore_best_weights=True
            )
        )
    return callbacks
