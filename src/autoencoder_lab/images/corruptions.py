"""Noise on images: each kind once, the same in training and in the views of the test images."""

from dataclasses import dataclass
from typing import assert_never

import numpy as np
import tensorflow as tf

from autoencoder_lab.parameters import (
    DropoutNoiseParams,
    GaussianNoiseParams,
    MaskNoiseParams,
    NoiseParams,
    NoNoiseParams,
)

from . import seeds
from .arrays import Images, Rows, predicted_at_once
from .sources import MadeOfImages


def corrupt(images: tf.Tensor, noise: NoiseParams, *, seed: tf.Tensor) -> tf.Tensor:
    """Return images with noise, a pure function of the seed.

    Args:
        images: (n, height, width, channels), in [0, 1]; so are the corrupted ones, but for those
            of dropout, which are in [0, 1 / (1 - rate)].
        seed: (2,), whole numbers.

    Source of dropout: Srivastava et al., "Dropout", JMLR 15 (2014); as Keras' layer, which a model
    has on its inputs.
    """
    match noise:
        case NoNoiseParams():
            return images
        case GaussianNoiseParams(stddev=stddev):
            draws = tf.random.stateless_normal(tf.shape(images), seed, alg="philox")
            return tf.clip_by_value(images + stddev * draws, 0, 1)
        case MaskNoiseParams(rate=rate):
            one_a_pixel = [*tf.unstack(tf.shape(images)[:3]), 1]
            draws = tf.random.stateless_uniform(one_a_pixel, seed, alg="philox")
            return images * tf.cast(draws >= rate, images.dtype)
        case DropoutNoiseParams(rate=rate):
            return tf.nn.experimental.stateless_dropout(images, rate, seed, rng_alg="philox")
        case _:
            assert_never(noise)


@dataclass(frozen=True, eq=False)
class CorruptedImages(MadeOfImages):
    """A corrupted view of images, with the same noise whenever, and in whatever parts, it is read.

    Noise is drawn for so many images as are predicted at once.
    """

    noise: NoiseParams
    seed: int

    def __getitem__(self, rows: Rows, /) -> Images:
        places = np.arange(len(self))[rows]
        n_at_once = predicted_at_once(self.shape)
        numbers = places // n_at_once
        corrupted = np.empty((len(places), *self.shape[1:]), np.float32)
        for number in np.unique(numbers):
            block = self._block(int(number), n_at_once)
            corrupted[numbers == number] = block[places[numbers == number] % n_at_once]
        return corrupted

    def _block(self, number: int, n_images: int) -> Images:
        seed = seeds.derive(self.seed, f"view, block {number}", 2)
        images = self.images[number * n_images : (number + 1) * n_images]
        block: Images = corrupt(images, self.noise, seed=seed).numpy()
        return block
