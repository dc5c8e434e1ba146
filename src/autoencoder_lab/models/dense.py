"""Fully connected autoencoders: stacked, and linear where the activations are."""

import math

import keras
from keras import layers

from autoencoder_lab import seeds
from autoencoder_lab.arrays import ImageShape
from autoencoder_lab.parameters import DenseParams


def build(params: DenseParams, image_shape: ImageShape, *, seed: int) -> keras.Sequential:
    """Return an untrained `encoder` and the `decoder` that mirrors it.

    The same seed gives the same weights, bit for bit.

    Source: Hinton and Salakhutdinov, "Reducing the Dimensionality of Data with Neural
    Networks", Science 313 (2006).
    """
    *hidden, latent_dim = params.widths
    kernel_seeds = iter(seeds.derive(seed, "initial weights", 2 * len(params.widths)))

    def dense(width: int, activation: str) -> layers.Dense:
        kernel = keras.initializers.GlorotUniform(next(kernel_seeds))
        return layers.Dense(width, activation, kernel_initializer=kernel)

    encoder = keras.Sequential([keras.Input(image_shape)], name="encoder")
    encoder.add(layers.Flatten())
    for width in params.widths:
        encoder.add(dense(width, params.activation))

    decoder = keras.Sequential([keras.Input((latent_dim,))], name="decoder")
    for width in reversed(hidden):
        decoder.add(dense(width, params.activation))
    decoder.add(dense(math.prod(image_shape), params.output_activation))
    decoder.add(layers.Reshape(image_shape))

    return keras.Sequential([keras.Input(image_shape), encoder, decoder], name="autoencoder")
