"""Noise on images: each kind once, the same in training and in the views of the test images."""

from typing import assert_never

import tensorflow as tf

from autoencoder_lab.parameters import (
    GaussianNoiseParams,
    MaskNoiseParams,
    NoiseParams,
    NoNoiseParams,
)


def corrupt(images: tf.Tensor, noise: NoiseParams, *, seed: tf.Tensor) -> tf.Tensor:
    """Return images with noise, a pure function of the seed.

    Args:
        images: (n, height, width, channels), in [0, 1]; so are the corrupted ones.
        seed: (2,), whole numbers.
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
        case _:
            assert_never(noise)
