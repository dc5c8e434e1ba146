"""Running epochs, each chunk as one compiled call, inside Keras' own `fit`.

Keras, like any loop in Python, dispatches each step, which on models of this size costs more than
the step itself. Here a chunk of an epoch is a loop in the graph, over the batches of one array.
"""

from collections.abc import Callable, Iterator, Sequence

import keras
import tensorflow as tf
from keras import layers

from autoencoder_lab.parameters import Compilation

from .objectives import Apply, LabelledBatch, Loss
from .players import Player

WIDE = 500
LARGE_BATCH = 200

EpochFunction = Callable[[Iterator[tuple[tf.Tensor, ...]]], dict[str, tf.Tensor]]
"""What Keras calls with an iterator over chunks."""

Turn = Callable[[Player, tf.Tensor, LabelledBatch | None, tf.Tensor], Loss]
"""What a player does with a batch."""


class EpochTrainer(keras.Model):  # type: ignore[misc]
    """Lets players learn, a chunk a step of Keras' `fit`, whose data are `Chunks`.

    On each batch, one player learns after the other. What is reported as the loss is the first
    player's; the parts are those of all.
    """

    def __init__(
        self, model: keras.Model, players: Sequence[Player], *, batch_size: int, n_at_once: int
    ) -> None:
        """Take the players, and the model whose weights are the result.

        Where nothing is learnt, batches are of `n_at_once`.
        """
        super().__init__()
        self.model = model
        self.players = tuple(players)
        self.batch_size = batch_size
        self.n_at_once = n_at_once
        names = ["loss", *(part for player in players for part in player.objective.parts)]
        self.means = {name: keras.metrics.Mean(name) for name in names}
        self.train_function: EpochFunction | None = None
        self.test_function: EpochFunction | None = None
        self.built = True  # as the model is: Keras makes checkpoints of nothing else

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [*self.means.values()]  # which Keras sets back as an epoch begins

    def variables_beside(self, model: keras.Model) -> list[keras.Variable]:
        """Return what changes in a fit beside the variables of a model, in an order that stays."""
        self._build_optimizers()
        known = {id(variable) for variable in model.variables}
        learnt = (
            variable
            for player in self.players
            for variable in (*player.weights, *player.optimizer.variables)
        )
        return [variable for variable in learnt if id(variable) not in known]

    def _build_optimizers(self) -> None:
        for player in self.players:
            player.optimizer.build(player.weights)

    def make_train_function(self, force: bool = False) -> None:
        if self.train_function is not None and not force:
            return
        self._build_optimizers()  # not within the graph
        self.train_function = self._over_batches(_learn, self.batch_size)

    def make_test_function(self, force: bool = False) -> None:
        if self.test_function is not None and not force:
            return
        self.test_function = self._over_batches(_measure, self.n_at_once)

    def _over_batches(self, turn: Turn, batch_size: int) -> EpochFunction:
        """Return what Keras calls with an iterator: a turn of each player, batch by batch."""

        def run(
            images: tf.Tensor, noise_seed: tf.Tensor, first: tf.Tensor, *labelled: tf.Tensor
        ) -> dict[str, tf.Tensor]:
            def add(
                number: tf.Tensor, totals: dict[str, tf.Tensor], size: int
            ) -> dict[str, tf.Tensor]:
                # Not images[start:end], whose length XLA would not know.
                begin = [number * batch_size, *[0] * (images.shape.rank - 1)]
                batch = tf.slice(images, begin, [size, *images.shape[1:]])
                seed = tf.stack([noise_seed, first + number])
                of_batch = self._turns(turn, batch, _labelled_batch(labelled, number), seed)
                return {name: total + size * of_batch[name] for name, total in totals.items()}

            n_images = images.shape[0]
            n_whole, n_left = divmod(n_images, batch_size)
            totals = {name: tf.constant(0.0) for name in self.means}
            if n_whole:
                _, totals = tf.while_loop(
                    lambda number, _: number < n_whole,
                    lambda number, totals: (number + 1, add(number, totals, batch_size)),
                    (tf.constant(0), totals),
                )
            if n_left:
                totals = add(tf.constant(n_whole), totals, n_left)
            for name, mean in self.means.items():
                mean.update_state(totals[name] / n_images, sample_weight=n_images)
            return {name: mean.result() for name, mean in self.means.items()}

        compiled = tf.function(run, jit_compile=self.jit_compile, autograph=False)
        return lambda iterator: compiled(*next(iterator))

    def _turns(
        self, turn: Turn, batch: tf.Tensor, labelled: LabelledBatch | None, seed: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        n_players = len(self.players)
        own_seeds = [seed] if n_players == 1 else tf.unstack(tf.random.split(seed, n_players))
        losses = [
            turn(player, batch, labelled, own_seed)
            for player, own_seed in zip(self.players, own_seeds, strict=True)
        ]
        parts = {name: part for loss in losses for name, part in loss.parts.items()}
        return {"loss": losses[0].total, **parts}


def _learn(
    player: Player, batch: tf.Tensor, labelled: LabelledBatch | None, seed: tf.Tensor
) -> Loss:
    with tf.GradientTape() as tape:
        loss = player.objective.loss(batch, labelled, seed)
    gradients = tape.gradient(loss.total, player.weights)
    # In tf.function, a read waits for no later write by itself where an optimizer of TensorFlow's
    # graphs took it for implied, and then removed what implied it (as of a GAN's last bias).
    with tf.control_dependencies([*loss.parts.values(), *(g for g in gradients if g is not None)]):
        player.optimizer.apply(gradients, player.weights)
    return loss


def _measure(
    player: Player, batch: tf.Tensor, labelled: LabelledBatch | None, seed: tf.Tensor
) -> Loss:
    return player.objective.loss(batch, labelled, seed)


def _labelled_batch(labelled: Sequence[tf.Tensor], number: tf.Tensor) -> LabelledBatch | None:
    """Return the labelled images that go with a batch, where a chunk has any."""
    if not labelled:
        return None
    images, classes, order = labelled
    return LabelledBatch(tf.gather(images, order[number]), tf.gather(classes, order[number]))


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


def in_halves(model: Apply) -> Apply:
    """Return a model that is applied to each half of a batch by operations of its own.

    Without XLA, those of one half run beside those of the other.
    """

    def apply(batch: tf.Tensor, *, training: bool) -> tf.Tensor:
        n_first = -(-batch.shape[0] // 2)
        sizes = [size for size in (n_first, batch.shape[0] - n_first) if size]
        halves = [model(half, training=training) for half in tf.split(batch, sizes)]
        return tf.concat(halves, axis=0)

    return apply
