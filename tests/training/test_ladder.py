import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from autoencoder_lab.images.arrays import Images
from autoencoder_lab.images.samples import draw_budgets
from autoencoder_lab.models import build
from autoencoder_lab.parameters import EncoderParams, LadderParams, TrainingParams
from autoencoder_lab.training import autoencoders, ladder
from autoencoder_lab.training.chunks import Labelled
from autoencoder_lab.training.objectives import LabelledBatch

MODEL = EncoderParams(family="encoder", widths=(60, 40, 20), activation="relu")
STRATEGY = LadderParams(
    kind="ladder", labels=50, draw=0, noise=0.3, denoising_weights=(1000, 10, 0.1)
)
CLASSES = load_digits().target
SEED = tf.constant([0, 1])


def training(**changes: object) -> TrainingParams:
    values = {
        "loss": "mse",
        "strategy": STRATEGY,
        "optimizer": "adam",
        "learning_rate": 0.002,
        "learning_rate_schedule": "late_linear",
        "epochs": 15,
        "batch_size": 50,
        "compilation": "graph",
    }
    return TrainingParams.model_validate(values | changes)


def learnt(seed: int = 0) -> tuple[keras.Sequential, ladder.Ladder]:
    """Return an encoder and a ladder whose weights are none of those that it begins with."""
    [encoder] = build(MODEL, (8, 8, 1), seed=seed).layers
    network = ladder.Ladder(encoder, n_classes=10, seed=seed)
    rng = np.random.default_rng(seed)
    for weights in network.weights:
        weights.assign(weights + rng.normal(0, 0.1, weights.shape))
    return encoder, network


def test_folded_layers_do_what_normalised_ones_did(digits: Images) -> None:
    encoder, network = learnt()
    passed, logits = network.climb(tf.constant(digits), noise=0, seed=SEED)

    network.fold(digits)

    shares = network.classifier.predict_on_batch(encoder.predict_on_batch(digits))
    np.testing.assert_allclose(shares, tf.nn.softmax(logits), atol=1e-4)
    for layer in passed[1:]:
        np.testing.assert_allclose(np.mean(layer.values, axis=0), 0, atol=1e-3)
        np.testing.assert_allclose(np.std(layer.values, axis=0), 1, atol=1e-2)


def test_noise_is_on_every_layer_and_repeats(digits: Images) -> None:
    _, network = learnt()
    images = tf.constant(digits)
    clean, _ = network.climb(images, noise=0, seed=SEED)
    first, again = (network.climb(images, noise=0.3, seed=SEED)[0] for _ in range(2))

    assert len(first) == 5  # the inputs, three layers, and the classes
    for layer, repeated in zip(first, again, strict=True):
        np.testing.assert_array_equal(layer.values, repeated.values)
    assert np.std(first[0].values - clean[0].values) == pytest.approx(0.3, rel=0.02)
    of_units = np.square(np.std(first[1].values, axis=0))
    assert of_units.mean() == pytest.approx(1 + 0.3**2, rel=0.05)


def test_an_estimate_is_between_a_layer_and_what_is_expected_of_it() -> None:
    noisy, expected = tf.constant([[4.0, 4.0]]), tf.constant([[1.0, 1.0]])
    weights = np.zeros((10, 2), np.float32)
    weights[3] = 2  # the mean is twice what is above
    weights[9] = 0, 0.5  # the share of the layer's own

    estimate = ladder._combine(noisy, expected, weights)

    np.testing.assert_allclose(estimate, [[2, 3]])


@pytest.mark.slow
def test_each_layer_costs_by_its_own_weight(digits: Images) -> None:
    images = tf.constant(digits[:60])
    labelled = LabelledBatch(images[:20], tf.constant(CLASSES[:20]))

    def parts(*weights: float) -> dict[str, float]:
        encoder, network = learnt()
        strategy = STRATEGY.model_copy(update={"denoising_weights": weights})
        [player] = ladder.game(encoder, network, training(), strategy).players(lambda part: part)
        loss = player.objective.loss(images, labelled, SEED)
        assert float(loss.total) == pytest.approx(sum(map(float, loss.parts.values())))
        return {name: float(part) for name, part in loss.parts.items()}

    alone = [parts(*np.eye(5)[place])["denoising"] for place in range(5)]

    assert min(alone) > 0
    by_hand = 1000 * alone[0] + 10 * alone[1] + 0.1 * sum(alone[2:])
    assert parts(1000, 10, 0.1)["denoising"] == pytest.approx(by_hand, rel=1e-4)
    assert parts(0)["denoising"] == 0
    assert parts(0)["classification"] == parts(1)["classification"] > 0


@pytest.mark.slow
def test_what_is_left_over_of_an_epoch_spoils_nothing(digits: Images) -> None:
    labelled = LabelledBatch(tf.constant(digits[:20]), tf.constant(CLASSES[:20]))

    def denoising(n_images: int) -> float:
        encoder, network = learnt()
        [player] = ladder.game(encoder, network, training(), STRATEGY).players(lambda part: part)
        parts = player.objective.loss(tf.constant(digits[:n_images]), labelled, SEED).parts
        return float(parts["denoising"])

    assert denoising(1) == denoising(2) == 0
    assert denoising(8) < 10 * denoising(50)


@pytest.mark.slow
def test_few_labels_and_many_images_beat_the_labels_alone(digits: Images) -> None:
    fitted, validation, test = digits[:1200], digits[1200:1300], digits[1300:]
    [draw] = draw_budgets(CLASSES[:1200], [50], n_draws=1, seed=0).draws
    known = autoencoders.KnownClasses(
        train=Labelled(fitted[draw.images], CLASSES[draw.images], 50),
        validation=Labelled(validation, CLASSES[1200:1300], 50),
        n_classes=10,
    )
    models = []
    for _ in range(2):
        model = build(MODEL, (8, 8, 1), seed=0)
        history = autoencoders.fit(
            model, fitted, validation, training(), known=known, seed=0
        ).history
        models.append(model)

    first, again = models
    assert all(map(np.array_equal, first.get_weights(), again.get_weights()))
    assert [layer.name for layer in first.layers] == ["encoder", "classifier"]
    assert history["val/classification"].iloc[-1] < history["val/classification"].iloc[0]
    told = first.predict_on_batch(test).argmax(axis=1)
    alone = LogisticRegression(max_iter=1000).fit(
        fitted[draw.images].reshape(50, -1), CLASSES[draw.images]
    )
    assert (told == CLASSES[1300:]).mean() > alone.score(
        test.reshape(-1, 64), CLASSES[1300:]
    ) + 0.03
