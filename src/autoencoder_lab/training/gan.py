"""Generative adversarial networks: images that a discriminator cannot tell from real ones."""

import keras
import tensorflow as tf

from autoencoder_lab.parameters import GanParams, TrainingParams

from .adversarial import told_apart
from .objectives import Apply, LabelledBatch, Loss, Objective
from .optimizers import player
from .players import Game, Player, Wrap

PENALISED = 4  # of so many real images, the gradient of one: it takes as long as all else


def game(
    generator: keras.Sequential,
    discriminator: keras.Sequential,
    params: TrainingParams,
    strategy: GanParams,
) -> Game:
    """Return the game of a generator of images and a discriminator, which it misleads.

    Sources: Goodfellow et al., "Generative Adversarial Nets", NIPS 2014, with the loss that does
    not saturate; the penalty R1: Mescheder, Geiger and Nowozin, "Which Training Methods for GANs do
    actually Converge?", ICML 2018; two learning rates: Heusel et al., NIPS 2017.
    """
    latent_dim = generator.input_shape[1]

    def players(wrap: Wrap) -> list[Player]:
        applied = (wrap(generator), wrap(discriminator))
        misleads = _mislead(*applied, latent_dim=latent_dim)
        tells = _tell(*applied, strategy, latent_dim=latent_dim)
        rate = strategy.discriminator_learning_rate
        return [
            player(misleads, generator.trainable_variables, params),
            player(tells, discriminator.trainable_variables, params, learning_rate=rate),
        ]

    return Game(keras.Sequential([generator]), players)


def _mislead(generator: Apply, discriminator: Apply, *, latent_dim: int) -> Objective:
    """Return the loss of generated images that are told."""

    def loss_of(images: tf.Tensor, _: LabelledBatch | None, seed: tf.Tensor) -> Loss:
        codings = _draw(images.shape[0], latent_dim, seed)
        generated = generator(codings, training=True)
        return Loss(tf.reduce_mean(tf.nn.softplus(-discriminator(generated, training=True))), {})

    return Objective(loss_of)


def _tell(
    generator: Apply, discriminator: Apply, strategy: GanParams, *, latent_dim: int
) -> Objective:
    """Return the loss of a discriminator that tells generated images, and of its own slope.

    The part `slope` is the mean square of the gradient at real images, summed over pixels.
    """

    def loss_of(images: tf.Tensor, _: LabelledBatch | None, seed: tf.Tensor) -> Loss:
        codings = _draw(images.shape[0], latent_dim, seed)
        generated = generator(codings, training=True)
        loss = told_apart(
            discriminator(images, training=True), discriminator(generated, training=True)
        )
        slope = _slope(discriminator, images[: -(-images.shape[0] // PENALISED)])
        total = loss + strategy.gradient_penalty / 2 * slope
        return Loss(total, {"discriminator": loss, "slope": slope})

    return Objective(loss_of, ("discriminator", "slope"))


def _slope(discriminator: Apply, images: tf.Tensor) -> tf.Tensor:
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(discriminator(images, training=True))
    gradient = tf.reshape(tape.gradient(total, images), (images.shape[0], -1))
    return tf.reduce_mean(tf.reduce_sum(tf.square(gradient), axis=1))


def _draw(n: int, latent_dim: int, seed: tf.Tensor) -> tf.Tensor:
    return tf.random.stateless_normal((n, latent_dim), seed, alg="philox")
