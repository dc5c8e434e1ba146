"""Fitting one variant."""

import time

import pandas as pd

from autoencoder_lab.arrays import Autoencoder, Figure, Images
from autoencoder_lab.parameters import VariantParams


def train_autoencoder(
    train_images: Images, validation_images: Images, variant: VariantParams, seed: int
) -> tuple[Autoencoder, pd.DataFrame, dict[str, float]]:
    """Fit a variant to reconstruct images (n, height, width, channels) in [0, 1].

    Returns the model, its history (`epoch`, `train/loss`, `val/loss`), and the metrics of the
    model and the fit. The same inputs and seed give the same weights, bit for bit.
    """
    from autoencoder_lab import models  # Keras takes seconds to import
    from autoencoder_lab.training import autoencoders

    height, width, channels = train_images.shape[1:]
    autoencoder = models.build(variant.model, (height, width, channels), seed=seed)
    started = time.perf_counter()
    history = autoencoders.fit(
        autoencoder, train_images, validation_images, variant.training, seed=seed
    )
    fit_seconds = time.perf_counter() - started
    best = history["val/loss"].argmin()
    metrics = {
        "model/latent_dim": variant.model.widths[-1],
        "model/parameters": autoencoder.count_params(),
        "fit/seconds": fit_seconds,
        "fit/images_per_second": len(train_images) * len(history) / fit_seconds,
        "fit/best_epoch": int(history["epoch"].iloc[best]),
        "fit/best_val_loss": float(history["val/loss"].iloc[best]),
    }
    return autoencoder, history, metrics


def draw_losses(training_history: pd.DataFrame, variant: VariantParams) -> Figure:
    """Return the training and validation loss by epoch."""
    from autoencoder_lab.figures.curves import loss_curves  # matplotlib takes its time

    return loss_curves(training_history, loss=variant.training.loss)
