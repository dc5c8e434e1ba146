"""Softmax classifiers on an encoder: many fits on few labels, each in one compiled call."""

from collections.abc import Sequence

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import layers

from autoencoder_lab.images import seeds
from autoencoder_lab.images.arrays import ImageSource, Labels, batches
from autoencoder_lab.parameters import PretrainingParams

from .engine import uses_xla
from .optimizers import without_all_reduce
from .orders import repeated

Inputs = npt.NDArray[np.float32]
"""(n, …): images, or codings of them."""

Weights = Sequence[npt.NDArray[np.float32]]


class ClassifierFits:
    """Fits classifiers that differ in where they start and what they see.

    All steps of a fit are a loop in one graph that is compiled once: Keras' `fit` would trace again
    for each fit, and dispatch each step.
    """

    def __init__(self, encoder: keras.Model, params: PretrainingParams, *, n_classes: int) -> None:
        self._encoder = encoder
        self._params = params
        self._head = layers.Dense(n_classes)
        self._classifier = keras.Sequential([encoder, layers.Flatten(), self._head])
        self._optimizer = without_all_reduce(keras.optimizers.Nadam(params.learning_rate))
        self._optimizer.build(self._classifier.trainable_variables)
        self._optimizer_start = [variable.numpy() for variable in self._optimizer.variables]
        use_xla = uses_xla(params.compilation, encoder, batch_size=params.batch_size)
        self._take_steps = tf.function(self._steps, jit_compile=use_xla, autograph=False)
        self._classify = tf.function(self._most_likely, jit_compile=use_xla, autograph=False)

    def fit(
        self, start: Weights, inputs: Inputs, targets: Labels, *, n_labels: int, seed: int
    ) -> None:
        """Fit a classifier for the parameters' number of steps.

        Args:
            start: The encoder's weights.
            inputs: (n, …). Always as many, or the steps would be recompiled.
            targets: (n,), from 0 to `n_classes` - 1.
            n_labels: How many of the first inputs are used.
            seed: Of the softmax layer's first weights and the order of the batches.
        """
        head_seed, order_seed = seeds.derive(seed, "classifier", 2)
        self._encoder.set_weights(start)
        initializer = keras.initializers.GlorotUniform(head_seed)
        kernel, bias = self._head.get_weights()
        self._head.set_weights([initializer(kernel.shape), np.zeros_like(bias)])
        for variable, value in zip(self._optimizer.variables, self._optimizer_start, strict=True):
            variable.assign(value)
        params = self._params
        orders = repeated(
            n_labels, n_batches=params.steps, batch_size=params.batch_size, seed=order_seed
        )
        self._take_steps(tf.constant(inputs), tf.constant(targets), tf.constant(orders))

    def predict(self, inputs: ImageSource) -> Labels:
        """Return the most likely class (n,) of each input, by the classifier fitted last."""
        return np.concatenate(
            [self._classify(tf.constant(batch)).numpy() for batch in batches(inputs)]
        )

    def _steps(self, inputs: tf.Tensor, targets: tf.Tensor, orders: tf.Tensor) -> None:
        weights = self._classifier.trainable_variables
        loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

        def step(number: tf.Tensor) -> list[tf.Tensor]:
            chosen = orders[number]
            with tf.GradientTape() as tape:
                logits = self._classifier(tf.gather(inputs, chosen), training=True)
                loss = loss_function(tf.gather(targets, chosen), logits)
            self._optimizer.apply(tape.gradient(loss, weights), weights)
            return [number + 1]

        tf.while_loop(lambda number: number < orders.shape[0], step, [tf.constant(0)])

    def _most_likely(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.argmax(self._classifier(inputs, training=False), axis=-1)
