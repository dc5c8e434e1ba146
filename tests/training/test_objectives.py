import keras
import numpy as np
import pytest
import tensorflow as tf

from autoencoder_lab.models import build
from autoencoder_lab.parameters import (
    DenseParams,
    KlParams,
    L1Params,
    MaskNoiseParams,
    NoSparsityParams,
    TrainingParams,
)
from autoencoder_lab.training.objectives import reconstruction, sparsity

MODEL = DenseParams(family="dense", widths=(12, 6), activation="selu", output_activation="sigmoid")
IMAGES = np.random.default_rng(0).random((9, 7, 5, 1), dtype=np.float32)
SEED = tf.constant([0, 0])


def training(**changes: object) -> TrainingParams:
    defaults = {"loss": "mse", "optimizer": "sgd", "learning_rate": 1, "epochs": 1, "batch_size": 8}
    return TrainingParams.model_validate(defaults | changes)


@pytest.mark.parametrize("loss", ["mse", "binary_crossentropy"])
def test_the_loss_is_keras_own(loss: str) -> None:
    autoencoder = build(MODEL, (7, 5, 1), seed=0)
    autoencoder.compile(loss=loss)

    ours = reconstruction(*autoencoder.layers, training(loss=loss)).loss(IMAGES, None, SEED)

    theirs = autoencoder.evaluate(IMAGES, IMAGES, verbose=0)
    assert float(ours.total) == pytest.approx(theirs, rel=1e-5)


def test_inputs_are_corrupted_and_targets_clean() -> None:
    identity = keras.Sequential([keras.Input((7, 5, 1)), keras.layers.Identity()])
    half_off = training(corruption=MaskNoiseParams(kind="mask", rate=0.5))

    loss = reconstruction(identity, identity, half_off).loss(IMAGES, None, SEED)

    # Of every second pixel, 0 is reconstructed.
    assert float(loss.total) == pytest.approx(np.square(IMAGES).mean() / 2, rel=0.2)


def test_the_noise_is_another_for_each_seed() -> None:
    identity = keras.Sequential([keras.Input((7, 5, 1)), keras.layers.Identity()])
    half_off = training(corruption=MaskNoiseParams(kind="mask", rate=0.5))
    objective = reconstruction(identity, identity, half_off)

    losses = [
        float(objective.loss(IMAGES, None, tf.constant(seed)).total)
        for seed in ([0, 0], [0, 0], [0, 1])
    ]

    assert losses[0] == losses[1] != losses[2]


def test_l1_is_the_mean_sum_of_sizes() -> None:
    codings = tf.constant([[1.0, -2.0], [0.0, 0.5]])

    assert float(sparsity(codings, L1Params(kind="l1", weight=0.1))) == pytest.approx(0.175)
    assert float(sparsity(tf.zeros((3, 4, 4, 2)), L1Params(kind="l1", weight=0.1))) == 0


def test_kl_is_0_at_the_target_and_grows_away_from_it() -> None:
    params = KlParams(kind="kl", weight=2, target=0.1)
    at, off, far = (
        float(sparsity(tf.fill((5, 3), activity), params)) for activity in (0.1, 0.3, 1.0)
    )

    assert at == pytest.approx(0, abs=1e-6)
    # Three units, of 0.1 ln(0.1 / 0.3) + 0.9 ln(0.9 / 0.7) each.
    assert off == pytest.approx(2 * 3 * 0.116319, rel=1e-3)
    assert off < far < np.inf


def test_kl_looks_at_the_mean_activity_of_a_unit_over_the_batch() -> None:
    sparse = tf.constant([[1.0], [0.0], [0.0], [0.0]])

    assert float(sparsity(sparse, KlParams(kind="kl", weight=1, target=0.25))) == pytest.approx(0)


def test_without_a_penalty_codings_are_free() -> None:
    assert float(sparsity(tf.ones((2, 3)), NoSparsityParams())) == 0
