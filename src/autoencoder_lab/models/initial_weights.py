"""Initial weights: Keras' default initializer, with an explicit seed."""

from collections.abc import Iterator

import keras

from autoencoder_lab.images import seeds


def kernels(seed: int, part: str, n_layers: int) -> Iterator[keras.initializers.Initializer]:
    """Return an initializer for each layer, no two of which draw the same.

    Source: Glorot and Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural
    Networks", AISTATS 2010.
    """
    return map(
        keras.initializers.GlorotUniform,
        seeds.derive(seed, f"initial weights of the {part}", n_layers),
    )
