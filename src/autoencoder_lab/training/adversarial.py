"""Adversarial autoencoders: codings that a discriminator cannot tell from the prior's."""

import math

import keras
import tensorflow as tf

from autoencoder_lab.images.corruptions import corrupt
from autoencoder_lab.parameters import AdversarialParams, TrainingParams

from .objectives import LOSSES, Apply, LabelledBatch, Loss, Objective
from .optimizers import player
from .players import Game, Player, Wrap


def game(
    encoder: keras.Sequential,
    decoder: keras.Sequential,
    discriminator: keras.Sequential,
    params: TrainingParams,
    strategy: AdversarialParams,
) -> Game:
    """Return the game of an autoencoder and a discriminator of codings, which it misleads.

    Source: Makhzani, Shlens, Jaitly, Goodfellow and Frey, "Adversarial Autoencoders", 2015.
    """
    model = keras.Sequential([encoder, decoder])

    def players(wrap: Wrap) -> list[Player]:
        applied = (wrap(encoder), wrap(discriminator))
        misleads = _reconstruct_and_mislead(*applied, wrap(decoder), params, strategy)
        tells = _tell(*applied, params)
        return [
            player(misleads, model.trainable_variables, params),
            player(tells, discriminator.trainable_variables, params),
        ]

    return Game(model, players)


def _reconstruct_and_mislead(
    encoder: Apply,
    discriminator: Apply,
    decoder: Apply,
    params: TrainingParams,
    strategy: AdversarialParams,
) -> Objective:
    """Return the loss of reconstructions, summed over pixels, and of codings that are told."""
    loss = LOSSES[params.loss]

    def loss_of(images: tf.Tensor, _: LabelledBatch | None, seed: tf.Tensor) -> Loss:
        codings = encoder(corrupt(images, params.corruption, seed=seed), training=True)
        n_numbers = math.prod(images.shape[1:])
        error = n_numbers * tf.reduce_mean(loss(images, decoder(codings, training=True)))
        told = tf.reduce_mean(tf.nn.softplus(-discriminator(codings, training=True)))
        total = strategy.reconstruction_weight * error + told
        return Loss(total, {"reconstruction": error, "misleading": told})

    return Objective(loss_of, ("reconstruction", "misleading"))


def _tell(encoder: Apply, discriminator: Apply, params: TrainingParams) -> Objective:
    """Return the loss of a discriminator that tells codings from a standard normal distribution."""

    def loss_of(images: tf.Tensor, _: LabelledBatch | None, seed: tf.Tensor) -> Loss:
        noise_seed, prior_seed = tf.unstack(tf.random.split(seed, 2, alg="philox"))
        codings = encoder(corrupt(images, params.corruption, seed=noise_seed), training=True)
        drawn = tf.random.stateless_normal(tf.shape(codings), prior_seed, alg="philox")
        loss = told_apart(
            discriminator(drawn, training=True), discriminator(codings, training=True)
        )
        return Loss(loss, {"discriminator": loss})

    return Objective(loss_of, ("discriminator",))


def told_apart(real: tf.Tensor, forged: tf.Tensor) -> tf.Tensor:
    """Return the cross-entropy, in nats, of logits of what is real and of what is not.

    2 ln 2, or 1.39, where a discriminator cannot tell them; 0 where it always can.
    """
    return tf.reduce_mean(tf.nn.softplus(-real)) + tf.reduce_mean(tf.nn.softplus(forged))
