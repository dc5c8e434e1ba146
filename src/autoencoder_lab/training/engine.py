"""Running epochs, each chunk as one compiled call, inside Keras' own `fit`.

Keras, like any loop in Python, dispatches each step, which on models of this size costs more than
the step itself. Here a chunk of an epoch is a loop in the graph, over the batches of one array.
"""

from collections.abc import Callable, Iterator

import keras
import tensorflow as tf
from keras import layers

from autoencoder_lab.arrays import predicted_at_once
from autoencoder_lab.parameters import Compilation
from autoencoder_lab.training.objectives import Apply, Objective

WIDE = 500
LARGE_BATCH = 200

EpochFunction = Callable[[Iterator[tuple[tf.Tensor, ...]]], dict[str, tf.Tensor]]
"""What Keras calls with an iterator over chunks."""


class EpochTrainer(keras.Model):  # type: ignore[misc]
    """Fits the weights of a model, a chunk a step of Keras' `fit`, whose data are `Chunks`."""

    def __init__(self, model: keras.Model, objective: Objective, *, batch_size: int) -> None:
        super().__init__()
        self.model = model
        self.objective = objective
        self.batch_size = batch_size
        self.mean_loss = keras.metrics.Mean("loss")
        self.train_function: EpochFunction | None = None
        self.test_function: EpochFunction | None = None
        self.built = True  # as the model is: Keras makes checkpoints of nothing else

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self.mean_loss]  # which Keras sets back as an epoch begins

    def make_train_function(self, force: bool = False) -> None:
        if self.train_function is not None and not force:
            return
        self.optimizer.build(self.model.trainable_variables)  # not within the graph
        self.train_function = self._over_batches(self._learn, self.batch_size)

    def make_test_function(self, force: bool = False) -> None:
        if self.test_function is not None and not force:
            return
        n_at_once = predicted_at_once(self.model.input_shape)
        self.test_function = self._over_batches(self.objective, n_at_once)

    def _learn(self, batch: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = self.objective(batch, seed)
        weights = self.model.trainable_variables
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    def _over_batches(self, step: Objective, batch_size: int) -> EpochFunction:
        """Return what Keras calls with an iterator: `step` on each batch of its next element."""

        def run(images: tf.Tensor, noise_seed: tf.Tensor, first: tf.Tensor) -> dict[str, tf.Tensor]:
            def loss(number: tf.Tensor, size: int) -> tf.Tensor:
                # Not images[start:end], whose length XLA would not know.
                begin = [number * batch_size, *[0] * (images.shape.rank - 1)]
                batch = tf.slice(images, begin, [size, *images.shape[1:]])
                return size * step(batch, tf.stack([noise_seed, first + number]))

            n_images = images.shape[0]
            n_whole, n_left = divmod(n_images, batch_size)
            total = tf.constant(0.0)
            if n_whole:
                _, total = tf.while_loop(
                    lambda number, _: number < n_whole,
                    lambda number, total: (number + 1, total + loss(number, batch_size)),
                    (tf.constant(0), total),
                )
            if n_left:
                total += loss(tf.constant(n_whole), n_left)
            self.mean_loss.update_state(total / n_images, sample_weight=n_images)
            return {"loss": self.mean_loss.result()}

        compiled = tf.function(run, jit_compile=self.jit_compile, autograph=False)
        return lambda iterator: compiled(*next(iterator))


def uses_xla(compilation: Compilation, encoder: keras.Model, *, batch_size: int) -> bool:
    """Whether a fit is compiled by XLA: as it is told, or as it is faster on a CPU.

    There, XLA's convolutions take ten times TensorFlow's, and of wide layers on large batches the
    steps take as long either way, but XLA's compilation some 20 s.
    """
    if compilation != "auto":
        return compilation == "xla"
    has_convolutions = any(isinstance(layer, layers.Conv2D) for layer in encoder.layers)
    widths = [layer.units for layer in encoder.layers if isinstance(layer, layers.Dense)]
    is_wide = max(widths, default=0) >= WIDE and batch_size >= LARGE_BATCH
    return not has_convolutions and not is_wide


def in_halves(model: keras.Model) -> Apply:
    """Return the model, applied to each half of a batch by operations of its own.

    Without XLA, those of one half run beside those of the other.
    """

    def apply(batch: tf.Tensor, *, training: bool) -> tf.Tensor:
        n_first = -(-batch.shape[0] // 2)
        sizes = [size for size in (n_first, batch.shape[0] - n_first) if size]
        halves = [model(half, training=training) for half in tf.split(batch, sizes)]
        return tf.concat(halves, axis=0)

    return apply
