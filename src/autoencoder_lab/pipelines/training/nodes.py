"""Fitting one variant."""

import math
from typing import TypedDict

import pandas as pd

from autoencoder_lab.images.arrays import Autoencoder, Figure, ImageSource
from autoencoder_lab.parameters import VariantParams


class Trained(TypedDict):
    """A fitted autoencoder, its losses by epoch, and the metrics of the model and the fit."""

    model: Autoencoder
    training_history: pd.DataFrame
    fit_metrics: dict[str, float]


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
    history, fit_seconds, n_resumed = autoencoders.fit(
        autoencoder, train_images, validation_images, variant.training, seed=seed
    )
    n_epochs = int((history["phase"] != autoencoders.STACKED).sum())
    of_last_phase = history[history["phase"] == history["phase"].iloc[-1]]
    best = of_last_phase.loc[of_last_phase["val/loss"].idxmin()]
    model = models.with_stock_layers(autoencoder, variant.model)
    coding_shape = autoencoder.get_layer("encoder").output_shape[1:]
    metrics = {
        "model/latent_dim": math.prod(coding_shape),
        "model/parameters": sum(
            autoencoder.get_layer(part.name).count_params() for part in model.layers
        ),
        "fit/seconds": fit_seconds,
        "fit/images_per_second": len(train_images) * n_epochs / fit_seconds,
        "fit/resumed_epochs": n_resumed,
        "fit/best_epoch": int(best["epoch"]),
        "fit/best_val_loss": float(best["val/loss"]),
    }
    return Trained(model=model, training_history=history, fit_metrics=metrics)


def draw_losses(training_history: pd.DataFrame, variant: VariantParams) -> Figure:
    """Return the training and validation loss by epoch."""
    from autoencoder_lab.figures.curves import loss_curves  # matplotlib takes its time

    return loss_curves(training_history, loss=variant.training.loss)
