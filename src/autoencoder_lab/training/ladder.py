"""Ladder networks: a classifier of few labels, each layer of which is told from noise, too.

Source: Rasmus, Valpola, Honkala, Berglund and Raiko, "Semi-Supervised Learning with Ladder
Networks", NIPS 2015.
"""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import layers

from autoencoder_lab.images.arrays import ImageSource, batches
from autoencoder_lab.models import initial_weights
from autoencoder_lab.parameters import LadderParams, TrainingParams

from .objectives import LabelledBatch, Loss, Objective
from .optimizers import player
from .players import Game, Player, Wrap

PARTS = ("classification", "denoising")

EPSILON = 1e-6
"""Is added to variances: that of a unit which is always the same is 0."""

LEAST_NORMALISED = 8
"""Images in a batch from which on dividing by their variance makes sense."""


class Layer(NamedTuple):
    """A layer (n, width) in a pass: normalised, with noise where there is some.

    The mean and variance (width,) are those over the batch by which it was normalised.
    """

    values: tf.Tensor
    mean: tf.Tensor
    variance: tf.Tensor


class Ladder:
    """An encoder's dense layers, the classifier on them, and the decoder that a fit needs beside.

    While they are fitted, a layer is normalised over each batch before its bias is added. `fold`
    makes ordinary layers of them afterwards.
    """

    def __init__(self, encoder: keras.Sequential, *, n_classes: int, seed: int) -> None:
        [kernel] = initial_weights.kernels(seed, "classifier", 1)
        self._classes = layers.Dense(n_classes, "softmax", kernel_initializer=kernel)
        self._encoder = encoder
        self.classifier = keras.Sequential(
            [keras.Input(encoder.output_shape[1:]), self._classes], name="classifier"
        )
        hidden = [layer for layer in encoder.layers if isinstance(layer, layers.Dense)]
        self._layers = [*hidden, self._classes]
        self._scale = keras.Variable(np.ones(n_classes, np.float32))
        shapes = [layer.kernel.shape for layer in self._layers]
        self._downward = [
            keras.Variable(initializer((above, below)))
            for initializer, (below, above) in zip(
                initial_weights.kernels(seed, "ladder's decoder", len(shapes)), shapes, strict=True
            )
        ]
        widths = [shapes[0][0], *(above for _, above in shapes)]
        self._combinations = [keras.Variable(_first_combination(width)) for width in widths]

    @property
    def weights(self) -> list[keras.Variable]:
        """What is learnt."""
        return [
            *(variable for layer in self._layers for variable in layer.trainable_variables),
            self._scale,
            *self._downward,
            *self._combinations,
        ]

    def climb(
        self, images: tf.Tensor, *, noise: float, seed: tf.Tensor
    ) -> tuple[Sequence[Layer], tf.Tensor]:
        """Return each layer, from the inputs on, and the logits (n, classes)."""
        own_seeds = tf.unstack(tf.random.split(seed, len(self._layers) + 1, alg="philox"))

        def disturbed(values: tf.Tensor, own_seed: tf.Tensor) -> tf.Tensor:
            if not noise:
                return values
            drawn = tf.random.stateless_normal(tf.shape(values), own_seed, alg="philox")
            return values + noise * drawn

        inputs = disturbed(tf.reshape(images, (images.shape[0], -1)), own_seeds[0])
        # They are not normalised: their mean stays, and their size.
        passed = [Layer(inputs, tf.zeros(inputs.shape[1]), tf.ones(inputs.shape[1]))]
        below = inputs
        for layer, own_seed in zip(self._layers, own_seeds[1:], strict=True):
            values, mean, variance = _normalised(tf.matmul(below, layer.kernel))
            passed.append(Layer(disturbed(values, own_seed), mean, variance))
            shifted = passed[-1].values + layer.bias
            # The softmax function comes with the loss.
            below = self._scale * shifted if layer is self._classes else layer.activation(shifted)
        return passed, below

    def descend(self, noisy: Sequence[Layer], shares: tf.Tensor) -> list[tf.Tensor]:
        """Return what each layer was before noise, from the inputs on, by itself and those above.

        Args:
            noisy: Each layer with noise.
            shares: (n, classes), what it came to.
        """
        above = shares
        estimates = []
        for place in reversed(range(len(noisy))):
            expected, _, _ = _normalised(above)
            estimates.append(_combine(noisy[place].values, expected, self._combinations[place]))
            if place:
                above = tf.matmul(estimates[-1], self._downward[place - 1])
        return estimates[::-1]

    def fold(self, images: ImageSource) -> None:
        """Make ordinary layers: each is normalised by its mean and variance over all images."""
        for place, layer in enumerate(self._layers):
            kernel, bias = layer.get_weights()
            mean, variance = self._statistics(images, place)
            deviation = np.sqrt(variance + EPSILON)
            scale = self._scale.numpy() if layer is self._classes else 1
            layer.set_weights([scale * kernel / deviation, scale * (bias - mean / deviation)])

    def _statistics(
        self, images: ImageSource, place: int
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return the mean and variance of a layer's sums, above layers that are ordinary by now."""
        parts = [keras.Input(images.shape[1:]), layers.Flatten(), *self._layers[:place]]
        below = keras.Sequential(parts)
        kernel = self._layers[place].kernel.numpy()
        total = np.zeros(kernel.shape[1])
        squares = np.zeros(kernel.shape[1])
        for batch in batches(images):
            sums = (below(batch).numpy() @ kernel).astype(np.float64)
            total += sums.sum(axis=0)
            squares += np.square(sums).sum(axis=0)
        mean = total / len(images)
        return mean, np.maximum(squares / len(images) - np.square(mean), 0)


def game(
    encoder: keras.Sequential, ladder: Ladder, params: TrainingParams, strategy: LadderParams
) -> Game:
    """Return the game of one player, who classifies and tells layers from noise."""

    def players(_: Wrap) -> list[Player]:  # in halves, batches would be normalised by half
        objective = _classify_and_denoise(ladder, strategy)
        return [player(objective, ladder.weights, params)]

    return Game(keras.Sequential([encoder, ladder.classifier]), players)


def _classify_and_denoise(ladder: Ladder, strategy: LadderParams) -> Objective:
    """Return the loss of both, with noise on every layer.

    The part `classification` is the cross-entropy of the labelled images, in nats; `denoising`, the
    weighted sum over the layers of the mean squared error to what they are without noise, all
    normalised by the batch without noise. Labelled and other images are normalised by themselves.
    What is left over for a last batch of few images teaches no denoising: their variances say
    nothing, and errors are divided by them.
    """
    noise, weights = strategy.noise, strategy.denoising_weights

    def loss_of(images: tf.Tensor, labelled: LabelledBatch | None, seed: tf.Tensor) -> Loss:
        assert labelled is not None, "a ladder is fitted with labels"
        labelled_seed, noise_seed = tf.unstack(tf.random.split(seed, 2, alg="philox"))
        _, logits = ladder.climb(labelled.images, noise=noise, seed=labelled_seed)
        of_each = tf.nn.sparse_softmax_cross_entropy_with_logits(labelled.classes, logits)
        classification = tf.reduce_mean(of_each)
        noisy, noisy_logits = ladder.climb(images, noise=noise, seed=noise_seed)
        clean, _ = ladder.climb(images, noise=0, seed=noise_seed)
        denoising = tf.constant(0.0)
        estimates = ladder.descend(noisy, tf.nn.softmax(noisy_logits))
        for place, (estimate, layer) in enumerate(zip(estimates, clean, strict=True)):
            normalised = (estimate - layer.mean) * tf.math.rsqrt(layer.variance + EPSILON)
            error = tf.reduce_mean(tf.square(normalised - layer.values))
            denoising += weights[min(place, len(weights) - 1)] * error
        denoising *= float(images.shape[0] >= LEAST_NORMALISED)
        parts = dict(zip(PARTS, (classification, denoising), strict=True))
        return Loss(classification + denoising, parts)

    return Objective(loss_of, PARTS)


def _normalised(values: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return values (n, width) of mean 0 and variance 1 over the batch, and what they were."""
    mean, variance = tf.nn.moments(values, axes=[0])
    return (values - mean) * tf.math.rsqrt(variance + EPSILON), mean, variance


def _combine(noisy: tf.Tensor, expected: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Return a layer without noise: between itself and a mean, as what is above it expects.

    Of a unit that is normally distributed, given what is above, this is the best estimate.
    """
    of_mean, of_share = tf.split(tf.convert_to_tensor(weights), 2)

    def bent(weights: tf.Tensor) -> tf.Tensor:
        height, slope, start, line, offset = tf.unstack(weights)
        return height * tf.sigmoid(slope * expected + start) + line * expected + offset

    mean = bent(of_mean)
    return (noisy - mean) * bent(of_share) + mean


def _first_combination(width: int) -> npt.NDArray[np.float32]:
    """Return the weights (10, width) from which an estimate is learnt: at first, it is 0."""
    weights = np.zeros((10, width), np.float32)
    weights[[1, 6]] = 1  # the slopes
    return weights
