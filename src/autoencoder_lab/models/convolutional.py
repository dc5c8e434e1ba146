"""Convolutional autoencoders: feature maps that halve with each block, and double again."""

import keras
from keras import layers

from autoencoder_lab.images.arrays import ImageShape
from autoencoder_lab.parameters import ConvolutionalParams

from . import initial_weights

STRIDE = 2


def build(params: ConvolutionalParams, image_shape: ImageShape, *, seed: int) -> keras.Sequential:
    """Return an untrained `encoder` to feature maps, and the `decoder` that mirrors it.

    Each side of the images is halved by each block, so it has 2 pixels or more to the power of
    their number.

    Source: Masci, Meier, Cireşan and Schmidhuber, "Stacked Convolutional Auto-Encoders for
    Hierarchical Feature Extraction", ICANN 2011.
    """
    encoder = _build_encoder(params, image_shape, seed)
    decoder = _build_decoder(params, image_shape, seed)
    return keras.Sequential([keras.Input(image_shape), encoder, decoder], name="autoencoder")


def _build_encoder(
    params: ConvolutionalParams, image_shape: ImageShape, seed: int
) -> keras.Sequential:
    n_blocks = len(params.filters)
    kernels = initial_weights.kernels(seed, "encoder", n_blocks)
    activations = [params.activation] * (n_blocks - 1) + [params.of_codings]
    encoder = keras.Sequential([keras.Input(image_shape)], name="encoder")
    for filters, activation in zip(params.filters, activations, strict=True):
        encoder.add(
            layers.Conv2D(
                filters,
                params.kernel_size,
                padding="same",
                activation=activation,
                kernel_initializer=next(kernels),
            )
        )
        encoder.add(layers.MaxPool2D(STRIDE))
    return encoder


def _build_decoder(
    params: ConvolutionalParams, image_shape: ImageShape, seed: int
) -> keras.Sequential:
    height, width, channels = image_shape
    n_blocks = len(params.filters)
    kernels = initial_weights.kernels(seed, "decoder", n_blocks)
    sizes = [(height // STRIDE**block, width // STRIDE**block) for block in range(n_blocks + 1)]
    filters = (channels, *params.filters)
    decoder = keras.Sequential([keras.Input((*sizes[-1], filters[-1]))], name="decoder")
    for block in reversed(range(n_blocks)):
        is_doubled = sizes[block] == tuple(STRIDE * side for side in sizes[block + 1])
        decoder.add(
            layers.Conv2DTranspose(
                filters[block],
                params.kernel_size,
                strides=STRIDE,
                padding="same" if is_doubled else "valid",
                activation=params.activation if block else params.output_activation,
                kernel_initializer=next(kernels),
            )
        )
        if not is_doubled:
            decoder.add(_cut(decoder.output_shape[1:3], to=sizes[block]))
    return decoder


def _cut(size: tuple[int, int], *, to: tuple[int, int]) -> layers.Cropping2D:
    surplus = [before - after for before, after in zip(size, to, strict=True)]
    return layers.Cropping2D([(pixels // 2, pixels - pixels // 2) for pixels in surplus])
