import numpy as np
import pytest
import tensorflow as tf

from autoencoder_lab.images.arrays import Images
from autoencoder_lab.models import build, build_discriminator
from autoencoder_lab.parameters import GanParams, GeneratorParams, TrainingParams
from autoencoder_lab.training import autoencoders, gan

from .optimized_graphs import largest_graph, races

MODEL = GeneratorParams(
    family="generator",
    latent_dim=8,
    widths=(32, 64),
    activation="relu",
    output_activation="sigmoid",
)
STRATEGY = GanParams(
    kind="gan",
    discriminator=(64, 32),
    discriminator_learning_rate=0.002,
    gradient_penalty=1,
)


def training(**changes: object) -> TrainingParams:
    values = {
        "loss": "binary_crossentropy",
        "strategy": STRATEGY,
        "optimizer": "adam",
        "beta_1": 0,
        "learning_rate": 0.001,
        "epochs": 30,
        "batch_size": 32,
        "compilation": "graph",
    }
    return TrainingParams.model_validate(values | changes)


def test_the_slope_is_the_squared_gradient_at_each_image() -> None:
    images = tf.constant(np.random.default_rng(0).random((5, 3, 2, 1)), tf.float32)
    weights = np.arange(6, dtype=np.float32)

    def linear(batch: tf.Tensor, *, training: bool) -> tf.Tensor:
        return tf.reshape(batch, (-1, 6)) @ weights[:, np.newaxis]

    assert float(gan._slope(linear, images)) == pytest.approx(np.square(weights).sum())


def test_the_penalty_is_learnt_from(digits: Images) -> None:
    [generator] = build(MODEL, (8, 8, 1), seed=0).layers
    discriminator = build_discriminator((8,), (8, 8, 1), seed=0)
    game = gan.game(generator, discriminator, training(), STRATEGY)
    _, judge = game.players(lambda part: part)

    with tf.GradientTape() as tape:
        loss = judge.objective.loss(tf.constant(digits[:8]), None, tf.constant([0, 1]))
        slope = loss.parts["slope"]
    gradients = tape.gradient(slope, judge.weights)

    assert float(loss.total) == pytest.approx(float(loss.parts["discriminator"] + slope / 2))
    assert any(gradient is not None and float(tf.norm(gradient)) > 0 for gradient in gradients)


@pytest.mark.slow
@pytest.mark.parametrize("compilation", ["graph", "xla"])
def test_samples_come_to_look_like_the_images(compilation: str, digits: Images) -> None:
    codings = np.random.default_rng(1).normal(size=(500, 8)).astype(np.float32)
    fits = []
    for _ in range(2):
        model = build(MODEL, (8, 8, 1), seed=0)
        before = model.predict(codings, verbose=0)
        params = training(compilation=compilation)
        history = autoencoders.fit(model, digits[200:], digits[:200], params, seed=0).history
        fits.append(model.predict(codings, verbose=0))

    np.testing.assert_array_equal(fits[0], fits[1])
    of_pixels = digits.mean(axis=0)
    distance, distance_before = (
        np.abs(samples.mean(axis=0) - of_pixels).mean() for samples in (fits[0], before)
    )
    assert distance < 0.3 * distance_before
    assert fits[0].std(axis=0).mean() > 0.5 * digits.std(axis=0).mean()  # not all the same
    assert {"train/discriminator", "val/discriminator", "train/slope"} <= {*history.columns}


@pytest.mark.slow
def test_weights_change_only_when_all_has_been_read(digits: Images) -> None:
    model = build(MODEL, (8, 8, 1), seed=0)

    graph = largest_graph(
        lambda: autoencoders.fit(model, digits[200:], digits[:200], training(epochs=1), seed=0)
    )

    assert sum(node.op == "AssignSubVariableOp" for node in graph.node) >= len(model.weights)
    assert [*races(graph)] == []
