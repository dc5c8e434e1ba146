"""Generators: decoders that no encoder goes with; and the discriminators of their images."""

from collections.abc import Sequence

import keras
from keras import layers

from autoencoder_lab.images.arrays import ImageShape
from autoencoder_lab.parameters import GeneratorParams

from . import dense, initial_weights


def build(params: GeneratorParams, image_shape: ImageShape, *, seed: int) -> keras.Sequential:
    """Return an untrained `decoder`, from codings of a standard normal distribution to images."""
    decoder = dense.build_decoder(params, params.latent_dim, params.widths, image_shape, seed=seed)
    return keras.Sequential([keras.Input((params.latent_dim,)), decoder], name="autoencoder")


def build_discriminator(
    widths: Sequence[int], input_shape: Sequence[int], *, seed: int
) -> keras.Sequential:
    """Return an untrained model from images, or codings, to the logit of being real.

    Source: Radford, Metz and Chintala, "Unsupervised Representation Learning with Deep
    Convolutional Generative Adversarial Networks", ICLR 2016, for the leaky activation.
    """
    kernels = initial_weights.kernels(seed, "discriminator", len(widths) + 1)
    discriminator = keras.Sequential([keras.Input(input_shape), layers.Flatten()])
    for width in widths:
        discriminator.add(layers.Dense(width, "leaky_relu", kernel_initializer=next(kernels)))
    discriminator.add(layers.Dense(1, kernel_initializer=next(kernels)))
    return discriminator
