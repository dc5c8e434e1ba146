"""Variational autoencoders: an encoder of distributions, held near a standard normal one."""

from dataclasses import replace

import keras
import tensorflow as tf

from autoencoder_lab.images.corruptions import corrupt
from autoencoder_lab.parameters import TrainingParams, VariationalParams

from .objectives import LabelledBatch, Loss, Objective
from .optimizers import player
from .players import Game, Player, Schedule, Scheduled, Wrap

MOST_LOG_VARIANCE = 10.0
"""And least, below 0: beyond, its exponential is of no use to single precision."""

PARTS = ("reconstruction", "kl")


def game(
    encoder: keras.Sequential,
    decoder: keras.Sequential,
    log_variance: keras.Sequential,
    params: TrainingParams,
    strategy: VariationalParams,
) -> Game:
    """Return the game of one player, who learns a distribution of codings for each image.

    Args:
        encoder: Gives the means of these distributions.
        decoder: Its last layer but the reshaping one is dense, with a sigmoid activation.
        log_variance: The layers of the encoder, but for a last one of its own.
    """
    model = keras.Sequential([encoder, decoder])
    head = log_variance.layers[-1]

    def players(wrap: Wrap) -> list[Player]:
        beta = keras.Variable(strategy.beta, trainable=False, dtype="float32")
        objective = evidence_lower_bound(
            encoder, decoder, head, params, strategy, beta=beta, wrap=wrap
        )
        weights = [*model.trainable_variables, *head.trainable_variables]
        single = player(objective, weights, params)
        if not strategy.warm_up_epochs:
            return [single]
        warm_up = Scheduled(beta, _warm_up(strategy))
        return [replace(single, scheduled=[*single.scheduled, warm_up])]

    return Game(model, players)


def evidence_lower_bound(
    encoder: keras.Sequential,
    decoder: keras.Sequential,
    head: keras.layers.Layer,
    params: TrainingParams,
    strategy: VariationalParams,
    *,
    beta: keras.Variable,
    wrap: Wrap,
) -> Objective:
    """Return the negative evidence lower bound, in nats, with beta times its second part.

    The part `reconstruction` is the binary cross-entropy, summed over pixels; the part `kl`, the
    divergence of each image's distribution from the prior, summed over the numbers of a coding.
    Both are means over the images. With free bits, a number's mean divergence below them costs
    nothing less.

    Sources: Kingma and Welling, "Auto-Encoding Variational Bayes", ICLR 2014; Higgins et al.,
    "beta-VAE", ICLR 2017; free bits: Kingma et al., "Improved Variational Inference with Inverse
    Autoregressive Flow", NIPS 2016.
    """
    *trunk_layers, mean_layer = encoder.layers
    *decoder_layers, last, _ = decoder.layers

    def trunk(images: tf.Tensor, *, training: bool) -> tf.Tensor:
        return _apply(trunk_layers, images)

    def logits_of(codings: tf.Tensor, *, training: bool) -> tf.Tensor:
        # Not the probabilities, of which the logarithm loses digits near 0.
        return tf.matmul(_apply(decoder_layers, codings), last.kernel) + last.bias

    trunk, logits_of = wrap(trunk), wrap(logits_of)

    def loss_of(images: tf.Tensor, _: LabelledBatch | None, seed: tf.Tensor) -> Loss:
        binary_seed, noise_seed, coding_seed = tf.unstack(tf.random.split(seed, 3, alg="philox"))
        if strategy.binarises(images.shape[-1]):
            images = binarise(images, seed=binary_seed)
        features = trunk(corrupt(images, params.corruption, seed=noise_seed), training=True)
        mean, log_variance = mean_layer(features), clip(head(features))
        noise = tf.random.stateless_normal(tf.shape(mean), coding_seed, alg="philox")
        logits = logits_of(mean + tf.exp(log_variance / 2) * noise, training=True)
        targets = tf.reshape(images, tf.shape(logits))
        crossentropy = tf.nn.sigmoid_cross_entropy_with_logits(targets, logits)
        error = tf.reduce_mean(tf.reduce_sum(crossentropy, axis=1))
        of_each = tf.reduce_mean(divergence(mean, log_variance), axis=0)
        penalty = tf.reduce_sum(tf.maximum(of_each, strategy.free_bits))
        parts = dict(zip(PARTS, (error, tf.reduce_sum(of_each)), strict=True))
        return Loss(error + beta * penalty, parts)

    return Objective(loss_of, PARTS)


def binarise(images: tf.Tensor, *, seed: tf.Tensor) -> tf.Tensor:
    """Return images of black and white pixels, white with a probability of their intensity.

    Source: Salakhutdinov and Murray, "On the Quantitative Analysis of Deep Belief Networks", ICML
    2008.
    """
    threshold = tf.random.stateless_uniform(tf.shape(images), seed, alg="philox")
    return tf.cast(threshold < images, images.dtype)


def clip(log_variance: tf.Tensor) -> tf.Tensor:
    """Return log-variances of which exponentials can be computed with."""
    return tf.clip_by_value(log_variance, -MOST_LOG_VARIANCE, MOST_LOG_VARIANCE)


def divergence(mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """Return the divergence (n, latent_dim) from a standard normal distribution, in nats."""
    return (tf.exp(log_variance) + tf.square(mean) - 1 - log_variance) / 2


def _warm_up(strategy: VariationalParams) -> Schedule:
    """Return beta by the epoch: from a small one to the whole.

    Source: Sønderby et al., "Ladder Variational Autoencoders", NIPS 2016.
    """
    return lambda epoch, _: strategy.beta * min(1.0, (epoch + 1) / (strategy.warm_up_epochs + 1))


def _apply(layers: list[keras.layers.Layer], inputs: tf.Tensor) -> tf.Tensor:
    for layer in layers:
        inputs = layer(inputs)
    return inputs
