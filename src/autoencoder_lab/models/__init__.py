"""The families of autoencoders: what each is. Nothing here knows Kedro or MLflow."""

from typing import assert_never

import keras

from autoencoder_lab.images.arrays import ImageShape
from autoencoder_lab.parameters import (
    ConvolutionalParams,
    DenseParams,
    EncoderParams,
    GeneratorParams,
    ModelParams,
    TiedParams,
)

from . import convolutional, dense, generator, tied
from .classifier import build_classifier
from .dense import build_log_variance
from .generator import build_discriminator

__all__ = [
    "build",
    "build_classifier",
    "build_discriminator",
    "build_log_variance",
    "with_stock_layers",
]


def build(params: ModelParams, image_shape: ImageShape, *, seed: int) -> keras.Sequential:
    """Return an untrained autoencoder of two layers, the models `encoder` and `decoder`.

    A generator has the second alone, and an encoder the first.

    The same seed gives the same weights, bit for bit.

    Raises:
        ValueError: A layer has variables that are not learnt, as those of BatchNormalization and
            Dropout, which fits would neither keep out of validation nor resume.
    """
    model = _build(params, image_shape, seed=seed)
    if others := model.non_trainable_variables:
        names = ", ".join(variable.path for variable in others)
        raise ValueError(
            f"the family {params.family} has variables that are not learnt: {names}; allowed: "
            "layers of weights alone, such as LayerNormalization"
        )
    return model


def _build(params: ModelParams, image_shape: ImageShape, *, seed: int) -> keras.Sequential:
    match params:
        case DenseParams():
            return dense.build(params, image_shape, seed=seed)
        case TiedParams():
            return tied.build(params, image_shape, seed=seed)
        case ConvolutionalParams():
            return convolutional.build(params, image_shape, seed=seed)
        case EncoderParams():
            encoder = dense.build_encoder(params, image_shape, seed=seed)
            return keras.Sequential([keras.Input(image_shape), encoder], name="autoencoder")
        case GeneratorParams():
            return generator.build(params, image_shape, seed=seed)
        case _:
            assert_never(params)


def with_stock_layers(autoencoder: keras.Sequential, params: ModelParams) -> keras.Sequential:
    """Return an autoencoder of equal outputs that Keras loads without this package."""
    return tied.untie(autoencoder, params) if isinstance(params, TiedParams) else autoencoder
