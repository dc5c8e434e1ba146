"""Fully connected autoencoders whose decoder is the encoder, transposed."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers, ops

from autoencoder_lab.images.arrays import ImageShape
from autoencoder_lab.parameters import DenseParams, TiedParams

from . import dense


class Transposed(layers.Layer):  # type: ignore[misc]
    """A dense layer whose kernel is that of another, transposed; the bias is its own."""

    def __init__(self, of: layers.Dense, activation: str) -> None:
        super().__init__(name=f"transposed_{of.name}")
        self._activation = keras.activations.get(activation)
        # Keras would count an attribute's weights a second time.
        self._kernel_of: Callable[[], Any] = lambda: of.kernel
        self._width = of.kernel.shape[0]

    def build(self, input_shape: Sequence[int | None]) -> None:
        self.bias: keras.Variable = self.add_weight(
            shape=(self._width,), initializer="zeros", name="bias"
        )

    def call(self, codings: Any) -> Any:
        return self._activation(ops.matmul(codings, ops.transpose(self._kernel_of())) + self.bias)

    @property
    def kernel(self) -> Any:
        return ops.transpose(self._kernel_of())


def build(params: TiedParams, image_shape: ImageShape, *, seed: int) -> keras.Sequential:
    """Return an untrained `encoder` and the `decoder` that shares its kernels.

    Source: Vincent, Larochelle, Lajoie, Bengio and Manzagol, "Stacked Denoising Autoencoders",
    JMLR 11 (2010), section 2.
    """
    encoder = dense.build_encoder(params, image_shape, seed=seed)
    first, *others = [layer for layer in encoder.layers if isinstance(layer, layers.Dense)]
    decoder = keras.Sequential([keras.Input(encoder.output_shape[1:])], name="decoder")
    for layer in reversed(others):
        decoder.add(Transposed(layer, params.activation))
    decoder.add(Transposed(first, params.output_activation))
    decoder.add(layers.Reshape(image_shape))
    return keras.Sequential([keras.Input(image_shape), encoder, decoder], name="autoencoder")


def untie(autoencoder: keras.Sequential, params: TiedParams) -> keras.Sequential:
    """Return the dense autoencoder to which a tied one amounts: equal outputs, stock layers."""
    image_shape = autoencoder.input_shape[1:]
    as_dense = DenseParams.model_validate({**params.model_dump(), "family": "dense"})
    untied = dense.build(as_dense, image_shape, seed=0)
    untied.get_layer("encoder").set_weights(autoencoder.get_layer("encoder").get_weights())
    untied.get_layer("decoder").set_weights(
        [
            weight
            for layer in autoencoder.get_layer("decoder").layers
            if isinstance(layer, Transposed)
            for weight in (layer.kernel, layer.bias)
        ]
    )
    return untied
