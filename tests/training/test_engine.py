from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from autoencoder_lab.images.arrays import Images
from autoencoder_lab.models import build
from autoencoder_lab.parameters import (
    Compilation,
    ConvolutionalParams,
    DenseParams,
    GaussianNoiseParams,
    ModelParams,
    TrainingParams,
)
from autoencoder_lab.training.chunks import Chunks, Labelled
from autoencoder_lab.training.engine import EpochTrainer, in_halves, uses_xla
from autoencoder_lab.training.objectives import LabelledBatch, Loss, Objective, reconstruction
from autoencoder_lab.training.players import FollowSchedules, Player, Schedule, Scheduled

DENSE = DenseParams(family="dense", widths=(12, 6), activation="selu", output_activation="sigmoid")
CONVOLUTIONAL = ConvolutionalParams(
    family="convolutional",
    filters=(4, 8),
    kernel_size=3,
    activation="selu",
    output_activation="sigmoid",
)
SHAPE = (9, 8, 2)
BATCH_SIZE = 7


@pytest.fixture
def images() -> Images:
    drawn = np.random.default_rng(0).random((45, *SHAPE), dtype=np.float32)  # 6 batches and 3 left
    drawn.setflags(write=False)
    return drawn


def player(
    model: keras.Model,
    *,
    jit_compile: bool = False,
    schedule: Schedule | None = None,
    **changes: object,
) -> Player:
    params = TrainingParams.model_validate(
        {
            "loss": "binary_crossentropy",
            "optimizer": "sgd",
            "learning_rate": 1,
            "epochs": 1,
            "batch_size": BATCH_SIZE,
            **changes,
        }
    )
    parts = model.layers if jit_compile else map(in_halves, model.layers)
    objective = reconstruction(*parts, params)
    adam = keras.optimizers.Adam(0.01)
    scheduled = [Scheduled(adam.learning_rate, schedule)] if schedule else []
    return Player(objective, model.trainable_variables, adam, scheduled)


def trainer(
    model: keras.Model, *players: Player, jit_compile: bool = False, **changes: object
) -> EpochTrainer:
    players = players or (player(model, jit_compile=jit_compile, **changes),)
    trainer = EpochTrainer(model, players, batch_size=BATCH_SIZE, n_at_once=1000)
    trainer.compile(players[0].optimizer, jit_compile=jit_compile)
    return trainer


def fit(
    trainer: EpochTrainer,
    images: Images,
    *,
    until: int,
    first: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> list[float]:
    chunks = Chunks(images, BATCH_SIZE, megabytes=1)
    history = trainer.fit(
        chunks.epochs(seed=3, n_before=first),
        steps_per_epoch=len(chunks),
        validation_data=in_order(images[:11]),
        validation_steps=1,
        initial_epoch=first,
        epochs=until,
        callbacks=[FollowSchedules(trainer.players), *callbacks],
        shuffle=False,
        verbose=0,
    )
    return [*history.history["loss"], *history.history["val_loss"]]


def in_order(images: Images) -> tf.data.Dataset:
    return Chunks(images, batch_size=1000, megabytes=1).in_order(seed=3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("params", "is_compiled"),
    [(DENSE, True), (CONVOLUTIONAL, False)],
    ids=["dense", "convolutions"],
)
def test_losses_are_those_of_keras_own_fit_on_the_same_batches(
    params: ModelParams, is_compiled: bool, images: Images
) -> None:
    ours, plain = build(params, SHAPE, seed=0), build(params, SHAPE, seed=0)
    plain.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    theirs = []
    for chunk, *_ in Chunks(images, BATCH_SIZE, megabytes=1).epochs(seed=3).take(3):
        shuffled = chunk.numpy()
        history = plain.fit(
            shuffled, shuffled, batch_size=BATCH_SIZE, shuffle=False, verbose=0
        ).history
        theirs.append((*history["loss"], plain.evaluate(images[:11], images[:11], verbose=0)))

    losses = fit(trainer(ours, jit_compile=is_compiled), images, until=3)

    # Additions in another order: single precision has 7 digits.
    np.testing.assert_allclose(losses, np.transpose(theirs).ravel(), rtol=1e-5)
    for our_weight, their_weight in zip(ours.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(our_weight, their_weight, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("stopped_after", "is_compiled"), [(1, True), (2, False)])
def test_a_fit_that_was_stopped_goes_on_from_keras_checkpoint_to_the_same_bytes(
    stopped_after: int, is_compiled: bool, images: Images, tmp_path: Path
) -> None:
    noise = GaussianNoiseParams(kind="gaussian", stddev=0.3)

    def noisy_trainer(model: keras.Model) -> EpochTrainer:
        return trainer(model, jit_compile=is_compiled, corruption=noise)

    straight = build(DENSE, SHAPE, seed=0)
    fit(noisy_trainer(straight), images, until=3)

    file = tmp_path / "epoch.weights.h5"
    checkpoint = keras.callbacks.ModelCheckpoint(file, save_weights_only=True)
    first = noisy_trainer(build(DENSE, SHAPE, seed=0))
    fit(first, images, until=stopped_after, callbacks=[checkpoint])
    continued = build(DENSE, SHAPE, seed=1)
    second = noisy_trainer(continued)
    second.optimizer.build(continued.trainable_variables)
    second.load_weights(file)  # the optimizer's too
    fit(second, images, until=3, first=stopped_after)

    assert [w.tobytes() for w in continued.get_weights()] == [
        w.tobytes() for w in straight.get_weights()
    ]


COMPILED = pytest.mark.parametrize("is_compiled", [True, False], ids=["xla", "graph"])


@pytest.mark.slow
@COMPILED
def test_two_players_with_weights_of_their_own_learn_what_each_learns_alone(
    is_compiled: bool, images: Images
) -> None:
    alone = [build(DENSE, SHAPE, seed=seed) for seed in (0, 1)]
    for model in alone:
        fit(trainer(model, jit_compile=is_compiled), images, until=2)

    together = [build(DENSE, SHAPE, seed=seed) for seed in (0, 1)]
    players = [player(model, jit_compile=is_compiled) for model in together]
    fit(trainer(together[0], *players, jit_compile=is_compiled), images, until=2)

    for ours, theirs in zip(together, alone, strict=True):
        for our_weight, their_weight in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            # One graph for two may add up in another order.
            np.testing.assert_allclose(our_weight, their_weight, atol=1e-6)


def test_players_take_turns_on_each_batch_and_draw_apart(images: Images) -> None:
    weight = keras.Variable(0.0)

    def adds(name: str, n_times: float, constant: float) -> Player:
        """Return a player that adds a multiple of the weight, and a constant, to the weight."""

        def loss(batch: tf.Tensor, _: LabelledBatch | None, seed: tf.Tensor) -> Loss:
            step = n_times * tf.stop_gradient(weight.value) + constant
            return Loss(-step * weight, {name: tf.random.stateless_uniform([], seed)})

        return Player(Objective(loss, (name,)), [weight], keras.optimizers.SGD(1.0))

    turns = trainer(build(DENSE, SHAPE, seed=0), adds("one", 0, 1), adds("two", 1, 0))
    history = turns.fit(
        Chunks(images[:BATCH_SIZE], BATCH_SIZE, megabytes=1).epochs(seed=3),
        steps_per_epoch=1,
        epochs=2,
        shuffle=False,
        verbose=0,
    ).history

    assert weight.numpy() == 6  # ((0 + 1) * 2 + 1) * 2
    assert len({*history["one"], *history["two"]}) == 4


@pytest.mark.slow
@COMPILED
def test_the_parts_of_a_loss_are_reported_and_add_up_to_it(
    is_compiled: bool, images: Images
) -> None:
    sparse = trainer(
        build(DENSE, SHAPE, seed=0),
        jit_compile=is_compiled,
        sparsity={"kind": "l1", "weight": 0.1},
    )
    chunks = Chunks(images, BATCH_SIZE, megabytes=1)

    history = sparse.fit(
        chunks.epochs(seed=3),
        steps_per_epoch=len(chunks),
        validation_data=in_order(images[:11]),
        validation_steps=1,
        shuffle=False,
        verbose=0,
    ).history

    for prefix in ("", "val_"):
        parts = np.add(history[f"{prefix}reconstruction"], history[f"{prefix}sparsity"])
        np.testing.assert_allclose(parts, history[f"{prefix}loss"], rtol=1e-5)
        assert min(history[f"{prefix}sparsity"]) > 0


@pytest.mark.slow
def test_a_schedule_sets_the_learning_rate_of_each_epoch(images: Images) -> None:
    model = build(DENSE, SHAPE, seed=0)
    weights: list[bytes] = []
    keep = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: weights.append(model.get_weights()[0].tobytes())
    )

    halts = player(model, schedule=lambda epoch, n_epochs: 0.01 * (epoch < n_epochs - 2))
    fit(trainer(model, halts), images, until=4, callbacks=[keep])

    assert len(set(weights)) == 2
    assert weights[1] == weights[3]


@pytest.mark.slow
def test_labelled_images_go_with_each_batch_whatever_the_chunks(images: Images) -> None:
    classes = np.arange(5)
    of_class = np.ones((5, *SHAPE), np.float32) * classes[:, None, None, None]
    labelled = Labelled(of_class.astype(np.float32), classes, batch_size=2)
    learnt = []
    for megabytes in (1, 1000):
        weight = keras.Variable(1.0)
        learner = Player(
            Objective(_distance_to_classes(weight), ("mismatch", "mean")),
            [weight],
            keras.optimizers.SGD(0.1),
        )
        chunks = Chunks(np.tile(images, (50, 1, 1, 1)), BATCH_SIZE, megabytes, labelled)
        history = trainer(build(DENSE, SHAPE, seed=0), learner).fit(
            chunks.epochs(seed=3), steps_per_epoch=len(chunks), epochs=2, shuffle=False, verbose=0
        )
        learnt.append((len(chunks), weight.numpy(), history.history))

    (n_small, of_small, small), (n_large, of_large, large) = learnt
    assert n_small > n_large == 1
    assert of_small == of_large
    assert small["mismatch"] == large["mismatch"] == [0, 0]
    assert large["mean"] == pytest.approx([2, 2], abs=0.05)  # each class as often


def _distance_to_classes(
    weight: keras.Variable,
) -> Callable[[tf.Tensor, LabelledBatch | None, tf.Tensor], Loss]:
    """Return a loss that is least at the classes of a batch: what is learnt has their order."""

    def loss(batch: tf.Tensor, labelled: LabelledBatch | None, seed: tf.Tensor) -> Loss:
        assert labelled is not None
        classes = tf.cast(labelled.classes, tf.float32)
        mismatch = tf.reduce_max(tf.abs(tf.reduce_mean(labelled.images, (1, 2, 3)) - classes))
        mean = tf.reduce_mean(classes)
        return Loss((weight - mean) ** 2, {"mismatch": mismatch, "mean": mean})

    return loss


@pytest.mark.slow
def test_fewer_images_than_a_batch_are_enough(images: Images) -> None:
    losses = fit(trainer(build(DENSE, SHAPE, seed=0)), images[:3], until=2)

    assert np.isfinite(losses).all()


def test_the_validation_noise_is_the_same_in_each_epoch(images: Images) -> None:
    noisy = trainer(
        build(DENSE, SHAPE, seed=0),
        corruption=GaussianNoiseParams(kind="gaussian", stddev=0.3),
    )

    losses = {noisy.evaluate(in_order(images), steps=1, verbose=0) for _ in range(2)}

    assert len(losses) == 1


@pytest.mark.parametrize("n", [1, 2, 5])
def test_halves_are_put_together_in_their_order(n: int, images: Images) -> None:
    model = build(CONVOLUTIONAL, SHAPE, seed=0)

    in_two = in_halves(model)(tf.constant(images[:n]), training=False)

    np.testing.assert_allclose(in_two, model.predict(images[:n], verbose=0), rtol=1e-5)


@pytest.mark.parametrize(
    ("compilation", "model", "batch_size", "is_compiled"),
    [
        ("auto", DENSE, 32, True),
        ("auto", CONVOLUTIONAL, 32, False),
        ("auto", DENSE.model_copy(update={"widths": (500, 6)}), 200, False),
        ("auto", DENSE.model_copy(update={"widths": (499, 6)}), 200, True),
        ("auto", DENSE.model_copy(update={"widths": (500, 6)}), 199, True),
        ("graph", DENSE, 32, False),
        ("xla", CONVOLUTIONAL, 32, True),
    ],
)
def test_xla_compiles_what_it_is_told_to_or_makes_faster(
    compilation: Compilation, model: ModelParams, batch_size: int, is_compiled: bool
) -> None:
    encoder = build(model, SHAPE, seed=0).get_layer("encoder")

    assert uses_xla(compilation, encoder, batch_size=batch_size) is is_compiled
