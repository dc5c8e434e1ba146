"""Fitting one variant."""

import logging
import math
from typing import NotRequired, TypedDict

import pandas as pd

from autoencoder_lab.images.arrays import Autoencoder, Figure, ImageSource
from autoencoder_lab.parameters import VariantParams

logger = logging.getLogger(__name__)

DISCRIMINATOR = "val/discriminator"
LOST = 0.05
"""Its loss, in nats, from which a discriminator is never mistaken."""


class Trained(TypedDict):
    """A fitted autoencoder, its losses by epoch, and the metrics of the model and the fit.

    And, where the encoder gives the means of distributions, what gives their log-variances.
    """

    model: Autoencoder
    training_history: pd.DataFrame
    fit_metrics: dict[str, float]
    log_variance: NotRequired[Autoencoder]


def train_autoencoder(
    train_images: ImageSource, validation_images: ImageSource, variant: VariantParams, seed: int
) -> Trained:
    """Fit a variant to reconstruct images (n, height, width, channels) in [0, 1].

    The model has stock layers only: Keras loads it without this package.

    The history holds `epoch`, `train/loss`, `val/loss` and `phase`. The same inputs and seed give
    the same weights, bit for bit.
    """
    from autoencoder_lab import models  # Keras takes seconds to import
    from autoencoder_lab.training import autoencoders

    height, width, channels = train_images.shape[1:]
    autoencoder = models.build(variant.model, (height, width, channels), seed=seed)
    fitted = autoencoders.fit(
        autoencoder, train_images, validation_images, variant.training, seed=seed
    )
    history = fitted.history
    _warn_of_lost_game(history)
    n_epochs = int((history["phase"] != autoencoders.STACKED).sum())
    of_last_phase = history[history["phase"] == history["phase"].iloc[-1]]
    best = of_last_phase.loc[of_last_phase["val/loss"].idxmin()]
    model = models.with_stock_layers(autoencoder, variant.model)
    first, *others = autoencoder.layers
    coding_shape = first.output_shape[1:] if others else first.input_shape[1:]
    metrics = {
        "model/latent_dim": math.prod(coding_shape),
        "model/parameters": sum(
            autoencoder.get_layer(part.name).count_params() for part in model.layers
        ),
        "fit/seconds": fitted.seconds,
        "fit/images_per_second": len(train_images) * n_epochs / fitted.seconds,
        "fit/resumed_epochs": fitted.n_resumed,
        "fit/best_epoch": int(best["epoch"]),
        "fit/best_val_loss": float(best["val/loss"]),
    }
    trained = Trained(model=model, training_history=history, fit_metrics=metrics)
    if fitted.log_variance is not None:
        trained["log_variance"] = fitted.log_variance
    return trained


def _warn_of_lost_game(history: pd.DataFrame) -> None:
    losses = history.get(DISCRIMINATOR)
    if losses is not None and losses.iloc[-1] < LOST:
        logger.warning(
            "The discriminator tells everything (its loss is %.3g, where guessing costs 1.39): "
            "nothing is learnt from it. Try a lower learning rate of it, or a gradient_penalty.",
            losses.iloc[-1],
        )


def draw_losses(training_history: pd.DataFrame, variant: VariantParams) -> Figure:
    """Return the training and validation loss by epoch."""
    from autoencoder_lab.figures.curves import loss_curves  # matplotlib takes its time

    return loss_curves(training_history, loss=variant.training.loss)
