"""A small convolutional classifier of images."""

from collections.abc import Sequence

import keras
from keras import layers

from autoencoder_lab.images.arrays import ImageShape

from . import initial_weights

N_FEATURES = 128


def build_classifier(
    image_shape: ImageShape,
    n_classes: int,
    *,
    filters: Sequence[int],
    dropout: Sequence[float] = (0, 0),
    name: str,
    seed: int,
) -> keras.Sequential:
    """Return an untrained classifier: its layer `features`, and the layer `classes` after it.

    Args:
        filters: Of each convolution, which halves the images' sides.
        dropout: The share of numbers that are switched off in a fit, before and after the layer of
            features.
        name: Of the classifier, by which its weights differ from those of another.

    The same seed gives the same weights, bit for bit.
    """
    kernels = initial_weights.kernels(seed, name, len(filters) + 2)
    before, after = (
        [layers.Dropout(rate, seed=seed + place)] if rate else []
        for place, rate in enumerate(dropout)
    )
    convolutions = [
        layers.Conv2D(
            n, 3, strides=2, padding="same", activation="relu", kernel_initializer=next(kernels)
        )
        for n in filters
    ]
    dense = layers.Dense(N_FEATURES, "relu", kernel_initializer=next(kernels))
    softmax = layers.Dense(n_classes, "softmax", kernel_initializer=next(kernels))
    features = keras.Sequential(
        [keras.Input(image_shape), *convolutions, layers.Flatten(), *before, dense], name="features"
    )
    classes = keras.Sequential([keras.Input((N_FEATURES,)), *after, softmax], name="classes")
    return keras.Sequential([keras.Input(image_shape), features, classes], name=name)
