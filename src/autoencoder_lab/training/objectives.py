"""What is minimised on a batch of images."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, assert_never

import keras
import tensorflow as tf

from autoencoder_lab.images.corruptions import corrupt
from autoencoder_lab.parameters import (
    KlParams,
    L1Params,
    NoSparsityParams,
    SparsityParams,
    TrainingParams,
)

Apply = Callable[..., tf.Tensor]
"""A model, called with a batch and whether it is `training`."""


class LabelledBatch(NamedTuple):
    """Images (n, height, width, channels) whose classes (n,) are known."""

    images: tf.Tensor
    classes: tf.Tensor


class Loss(NamedTuple):
    """The loss of a batch, and what it is made of, by names: means over the batch."""

    total: tf.Tensor
    parts: Mapping[str, tf.Tensor]


@dataclass(frozen=True)
class Objective:
    """What is minimised on a batch.

    Attributes:
        loss: Of a batch of images, a batch that is labelled, where a fit has labels, and a seed
            (2,) of whatever is drawn.
        parts: The names of its parts, where it has more than one.
    """

    loss: Callable[[tf.Tensor, LabelledBatch | None, tf.Tensor], Loss]
    parts: tuple[str, ...] = ()


LOSSES = {
    "binary_crossentropy": keras.losses.binary_crossentropy,
    "mse": keras.losses.mean_squared_error,
}

SMALLEST_ACTIVITY = 1e-7


def reconstruction(encoder: Apply, decoder: Apply, params: TrainingParams) -> Objective:
    """Return the loss of clean images, reconstructed from corrupted ones, and of their codings.

    The part `reconstruction` is the mean over pixels and images; the part `sparsity`, the penalty
    on the codings, where there is one.

    Source: Vincent, Larochelle, Bengio and Manzagol, "Extracting and Composing Robust Features
    with Denoising Autoencoders", ICML 2008.
    """
    loss = LOSSES[params.loss]

    has_parts = not isinstance(params.sparsity, NoSparsityParams)

    def loss_of(images: tf.Tensor, _: LabelledBatch | None, seed: tf.Tensor) -> Loss:
        codings = encoder(corrupt(images, params.corruption, seed=seed), training=True)
        error = tf.reduce_mean(loss(images, decoder(codings, training=True)))
        penalty = sparsity(codings, params.sparsity)
        parts = {"reconstruction": error, "sparsity": penalty} if has_parts else {}
        return Loss(error + penalty, parts)

    return Objective(loss_of, ("reconstruction", "sparsity") if has_parts else ())


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
