import numpy as np
import pytest
import tensorflow as tf

from autoencoder_lab.images.arrays import Images
from autoencoder_lab.models import build, build_discriminator
from autoencoder_lab.parameters import AdversarialParams, DenseParams, TrainingParams
from autoencoder_lab.training import adversarial, autoencoders

MODEL = DenseParams(
    family="dense",
    widths=(32, 2),
    activation="relu",
    coding_activation="linear",
    output_activation="sigmoid",
)
STRATEGY = AdversarialParams(kind="adversarial", reconstruction_weight=0.1, discriminator=(32, 32))


def training(**changes: object) -> TrainingParams:
    values = {
        "loss": "binary_crossentropy",
        "corruption": {"kind": "gaussian", "stddev": 0.3},
        "strategy": STRATEGY,
        "optimizer": "adam",
        "beta_1": 0.5,
        "learning_rate": 0.002,
        "learning_rate_schedule": "late_linear",
        "epochs": 60,
        "batch_size": 32,
        "compilation": "graph",
    }
    return TrainingParams.model_validate(values | changes)


def test_what_cannot_be_told_costs_two_logarithms_of_two() -> None:
    undecided, sure = tf.zeros((5, 1)), tf.fill((5, 1), 30.0)

    assert float(adversarial.told_apart(undecided, undecided)) == pytest.approx(2 * np.log(2))
    assert float(adversarial.told_apart(sure, -sure)) == pytest.approx(0, abs=1e-6)


def test_each_player_moves_its_own_weights(digits: Images) -> None:
    encoder, decoder = build(MODEL, (8, 8, 1), seed=0).layers
    discriminator = build_discriminator((8,), (2,), seed=0)
    game = adversarial.game(encoder, decoder, discriminator, training(), STRATEGY)

    autoencoder, judge = game.players(lambda part: part)

    ids = [{id(weight) for weight in player.weights} for player in (autoencoder, judge)]
    assert not ids[0] & ids[1]
    assert ids[1] == {id(weight) for weight in discriminator.trainable_variables}
    with tf.GradientTape() as tape:
        loss = autoencoder.objective.loss(tf.constant(digits[:9]), None, tf.constant([0, 1]))
    assert all(gradient is not None for gradient in tape.gradient(loss.total, autoencoder.weights))
    expected = 0.1 * loss.parts["reconstruction"] + loss.parts["misleading"]
    assert float(loss.total) == pytest.approx(float(expected))


@pytest.mark.slow
def test_codings_come_to_be_of_the_prior(digits: Images) -> None:
    model = build(MODEL, (8, 8, 1), seed=0)
    untrained = model.get_layer("encoder").predict(digits, verbose=0)

    history = autoencoders.fit(model, digits[200:], digits[:200], training(), seed=0).history

    codings = model.get_layer("encoder").predict(digits, verbose=0)
    assert np.abs(codings.mean(axis=0)).max() < 0.35
    assert codings.std(axis=0) == pytest.approx([1, 1], abs=0.35)
    assert untrained.std(axis=0) != pytest.approx([1, 1], abs=0.35)
    error = history["val/reconstruction"]
    assert error.iloc[-1] < 0.75 * error.iloc[0]
    assert 0.3 < history["val/discriminator"].iloc[-1] < 1.6
