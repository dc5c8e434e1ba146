"""Fitting one variant."""

import logging
import math
from typing import TYPE_CHECKING, NotRequired, TypedDict

import numpy as np
import pandas as pd

from autoencoder_lab.images.arrays import Autoencoder, Figure, ImageSource, Labels
from autoencoder_lab.images.samples import LabelDraws
from autoencoder_lab.parameters import LadderParams, VariantParams

if TYPE_CHECKING:
    from autoencoder_lab.training.autoencoders import KnownClasses

MEASURED = 1000
"""Labelled validation images, the first, that the loss is measured on after each epoch."""

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
    return _train(train_images, validation_images, variant, None, seed=seed)


def train_with_labels(
    train_images: ImageSource,
    train_labels: Labels,
    validation_images: ImageSource,
    validation_labels: Labels,
    label_draws: LabelDraws,
    variant: VariantParams,
    seed: int,
) -> Trained:
    """Fit a variant that classifies, on all images and the labels of a few; as `train_autoencoder`.

    The classifier gives the classes in their order. The validation images' labels are only
    measured on.
    """
    from autoencoder_lab.training.autoencoders import KnownClasses  # Keras takes seconds to import
    from autoencoder_lab.training.chunks import Labelled

    strategy = variant.training.strategy
    assert isinstance(strategy, LadderParams)
    classes = np.unique(train_labels)
    drawn = label_draws.draws[strategy.draw].images[: strategy.labels]

    def labelled(images: ImageSource, labels: Labels) -> Labelled:
        [known] = np.nonzero(np.isin(labels, classes))  # some may be of no training image's class
        targets = np.searchsorted(classes, labels[known])
        return Labelled(images[known], targets, min(len(targets), variant.training.batch_size))

    known = KnownClasses(
        train=labelled(train_images[drawn], train_labels[drawn]),
        validation=labelled(validation_images[:MEASURED], validation_labels[:MEASURED]),
        n_classes=len(classes),
    )
    return _train(train_images, validation_images, variant, known, seed=seed)


def _train(
    train_images: ImageSource,
    validation_images: ImageSource,
    variant: VariantParams,
    known: "KnownClasses | None",
    *,
    seed: int,
) -> Trained:
    from autoencoder_lab import models  # Keras takes seconds to import
    from autoencoder_lab.training import autoencoders

    height, width, channels = train_images.shape[1:]
    autoencoder = models.build(variant.model, (height, width, channels), seed=seed)
    fitted = autoencoders.fit(
        autoencoder, train_images, validation_images, variant.training, known=known, seed=seed
    )
    history = fitted.history
    _warn_of_lost_game(history)
    n_epochs = int((history["phase"] != autoencoders.STACKED).sum())
    last_phases = [history["phase"].iloc[-1]]
    if last_phases == [autoencoders.FINE_TUNING]:  # which leaves what it does not improve
        last_phases.append(autoencoders.STACKED)
    of_last_phases = history[history["phase"].isin(last_phases)]
    best = of_last_phases.sort_values("val/loss", kind="stable").iloc[0]
    model = models.with_stock_layers(autoencoder, variant.model)
    first = autoencoder.layers[0]
    coding_shape = first.output_shape[1:] if first.name == "encoder" else first.input_shape[1:]
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
