from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from autoencoder_lab.arrays import Images
from autoencoder_lab.models import build
from autoencoder_lab.parameters import (
    Compilation,
    ConvolutionalParams,
    DenseParams,
    GaussianNoiseParams,
    ModelParams,
    TrainingParams,
)
from autoencoder_lab.training.chunks import Chunks
from autoencoder_lab.training.engine import EpochTrainer, in_halves, uses_xla
from autoencoder_lab.training.objectives import reconstruction

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


def trainer(model: keras.Model, *, jit_compile: bool = False, **changes: object) -> EpochTrainer:
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
    trainer = EpochTrainer(model, reconstruction(*parts, params), batch_size=BATCH_SIZE)
    trainer.compile(keras.optimizers.Adam(0.01), jit_compile=jit_compile)
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
        chunks.epochs(seed=3).skip(first * len(chunks)),
        steps_per_epoch=len(chunks),
        validation_data=in_order(images[:11]),
        validation_steps=1,
        initial_epoch=first,
        epochs=until,
        callbacks=[*callbacks],
        shuffle=False,
        verbose=0,
    )
    return [*history.history["loss"], *history.history["val_loss"]]


def in_order(images: Images) -> tf.data.Dataset:
    return Chunks(images, batch_size=1000, megabytes=1).in_order(seed=3)


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
