"""What is minimised on a batch of images."""

from collections.abc import Callable
from typing import assert_never

import keras
import tensorflow as tf

from autoencoder_lab.corruptions import corrupt
from autoencoder_lab.parameters import (
    KlParams,
    L1Params,
    NoSparsityParams,
    SparsityParams,
    TrainingParams,
)

Apply = Callable[..., tf.Tensor]
"""A model, called with a batch and whether it is `training`."""

Objective = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Returns the mean loss of a batch, from the batch and a seed (2,) of whatever is drawn."""

LOSSES = {
    "binary_crossentropy": keras.losses.binary_crossentropy,
    "mse": keras.losses.mean_squared_error,
}

SMALLEST_ACTIVITY = 1e-7


def reconstruction(encoder: Apply, decoder: Apply, params: TrainingParams) -> Objective:
    """Return the loss of clean images, reconstructed from corrupted ones, and of their codings.

    The reconstruction's part is the mean over pixels and images.

    Source: Vincent, Larochelle, Bengio and Manzagol, "Extracting and Composing Robust Features
    with Denoising Autoencoders", ICML 2008.
    """
    loss = LOSSES[params.loss]

    def objective(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        codings = encoder(corrupt(images, params.corruption, seed=seed), training=True)
        reconstructions = decoder(codings, training=True)
        return tf.reduce_mean(loss(images, reconstructions)) + sparsity(codings, params.sparsity)

    return objective


def sparsity(codings: tf.Tensor, params: SparsityParams) -> tf.Tensor:
    """Return the penalty on a batch of codings: 0 or more.

    With `l1`, the sum of a coding's absolute values, mean over the batch, times the weight. With
    `kl`, of Bernoulli distributions: the divergence of each unit's mean activity from the target,
    summed over the units, times the weight.

    Source: Ng, "Sparse Autoencoder", CS294A lecture notes (2011).
    """
    match params:
        case NoSparsityParams():
            return tf.constant(0.0)
        case L1Params(weight=weight):
            flat = tf.reshape(codings, (tf.shape(codings)[0], -1))
            return weight * tf.reduce_mean(tf.reduce_sum(tf.abs(flat), axis=1))
        case KlParams(weight=weight, target=target):
            mean = tf.reduce_mean(codings, axis=0)
            activity = tf.clip_by_value(mean, SMALLEST_ACTIVITY, 1 - SMALLEST_ACTIVITY)
            divergence = target * tf.math.log(target / activity) + (1 - target) * tf.math.log(
                (1 - target) / (1 - activity)
            )
            return weight * tf.reduce_sum(divergence)
        case _:
            assert_never(params)
