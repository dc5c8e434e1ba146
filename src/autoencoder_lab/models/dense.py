"""Fully connected autoencoders: stacked, and linear where the activations are."""

import math
from collections.abc import Sequence

import keras
from keras import layers

from autoencoder_lab.images.arrays import ImageShape
from autoencoder_lab.parameters import DenseParams, EncoderParams, GeneratorParams, TiedParams

from . import initial_weights


def build(params: DenseParams, image_shape: ImageShape, *, seed: int) -> keras.Sequential:
    """Return an untrained `encoder` and the `decoder` that mirrors it.

    Source: Hinton and Salakhutdinov, "Reducing the Dimensionality of Data with Neural
    Networks", Science 313 (2006).
    """
    encoder = build_encoder(params, image_shape, seed=seed)
    *hidden, latent_dim = coding_widths(params, image_shape)
    decoder = build_decoder(params, latent_dim, hidden[::-1], image_shape, seed=seed)
    return keras.Sequential([keras.Input(image_shape), encoder, decoder], name="autoencoder")


def build_encoder(
    params: DenseParams | TiedParams | EncoderParams, image_shape: ImageShape, *, seed: int
) -> keras.Sequential:
    """Return the untrained `encoder`, from images to codings."""
    *hidden, latent_dim = coding_widths(params, image_shape)
    kernels = initial_weights.kernels(seed, "encoder", len(params.widths))
    encoder = keras.Sequential([keras.Input(image_shape), layers.Flatten()], name="encoder")
    for width in hidden:
        encoder.add(layers.Dense(width, params.activation, kernel_initializer=next(kernels)))
    encoder.add(layers.Dense(latent_dim, params.of_codings, kernel_initializer=next(kernels)))
    return encoder


def build_decoder(
    params: DenseParams | GeneratorParams,
    latent_dim: int,
    widths: Sequence[int],
    image_shape: ImageShape,
    *,
    seed: int,
) -> keras.Sequential:
    """Return the untrained `decoder`, from codings by layers of some widths to images."""
    kernels = initial_weights.kernels(seed, "decoder", len(widths) + 1)
    decoder = keras.Sequential([keras.Input((latent_dim,))], name="decoder")
    for width in widths:
        decoder.add(layers.Dense(width, params.activation, kernel_initializer=next(kernels)))
    decoder.add(
        layers.Dense(
            math.prod(image_shape), params.output_activation, kernel_initializer=next(kernels)
        )
    )
    decoder.add(layers.Reshape(image_shape))
    return decoder


def build_log_variance(encoder: keras.Sequential, *, seed: int) -> keras.Sequential:
    """Return what gives codings' log-variances: an encoder's layers, but for a new last one."""
    *shared, means = encoder.layers
    [kernel] = initial_weights.kernels(seed, "log-variance", 1)
    head = layers.Dense(means.units, kernel_initializer=kernel)
    parts = [keras.Input(encoder.input_shape[1:]), *shared, head]
    return keras.Sequential(parts, name="log_variance")


def coding_widths(
    params: DenseParams | TiedParams | EncoderParams, image_shape: ImageShape
) -> list[int]:
    """Return how many units each layer of the encoder has."""
    return [math.prod(image_shape) if width == "inputs" else width for width in params.widths]
