import keras
import numpy as np
import pytest
import tensorflow as tf

from autoencoder_lab.images.arrays import Images
from autoencoder_lab.models import build, build_log_variance
from autoencoder_lab.parameters import DenseParams, TrainingParams, VariationalParams
from autoencoder_lab.training import autoencoders, variational
from autoencoder_lab.training.engine import in_halves
from autoencoder_lab.training.players import FollowSchedules

MODEL = DenseParams(
    family="dense",
    widths=(12, 6),
    activation="relu",
    coding_activation="linear",
    output_activation="sigmoid",
)
SHAPE = (7, 5, 1)
IMAGES = np.random.default_rng(0).random((40, *SHAPE), dtype=np.float32)
IMAGES.setflags(write=False)
SEED = tf.constant([3, 4])


def strategy(**changes: object) -> VariationalParams:
    values = {"kind": "variational", "beta": 1, "free_bits": 0, "warm_up_epochs": 0}
    return VariationalParams.model_validate({**values, "binarise": False, **changes})


def training(**changes: object) -> TrainingParams:
    values = {
        "loss": "binary_crossentropy",
        "optimizer": "adam",
        "learning_rate": 0.01,
        "epochs": 2,
        "batch_size": 8,
        "compilation": "graph",
        "strategy": strategy(),
    }
    return TrainingParams.model_validate(values | changes)


def loss_of(images: Images, *, seed: tf.Tensor = SEED, **changes: object) -> dict[str, float]:
    params = strategy(**changes)
    encoder, decoder = build(MODEL, SHAPE, seed=0).layers
    log_variance = build_log_variance(encoder, seed=0)
    game = variational.game(encoder, decoder, log_variance, training(), params)
    [player] = game.players(lambda part: part)
    total, parts = player.objective.loss(tf.constant(images), None, seed)
    return {"total": float(total), **{name: float(part) for name, part in parts.items()}}


def test_the_divergence_is_that_of_normal_distributions() -> None:
    rng = np.random.default_rng(0)
    mean, deviation = 0.7, 1.6
    drawn = rng.normal(mean, deviation, 1_000_000)
    of_each = -np.log(deviation) - ((drawn - mean) / deviation) ** 2 / 2 + drawn**2 / 2

    log_variance = tf.constant(2 * np.log(deviation), tf.float32)
    divergence = variational.divergence(tf.constant(mean), log_variance)

    assert float(divergence) == pytest.approx(of_each.mean(), abs=0.01)
    assert float(variational.divergence(tf.constant(0.0), tf.constant(0.0))) == 0


def test_the_reconstruction_is_keras_crossentropy_summed_over_pixels() -> None:
    encoder, decoder = build(MODEL, SHAPE, seed=0).layers
    log_variance = build_log_variance(encoder, seed=0)
    head = log_variance.layers[-1]
    head.set_weights([np.zeros_like(head.get_weights()[0]), np.full(6, -100, np.float32)])
    game = variational.game(encoder, decoder, log_variance, training(), strategy(beta=0))
    [player] = game.players(lambda part: part)

    loss = player.objective.loss(tf.constant(IMAGES), None, SEED)

    # Of such a variance, e to the power of -10, nearly nothing is drawn beside the means.
    reconstructed = decoder(encoder(IMAGES))
    of_pixels = keras.losses.binary_crossentropy(IMAGES, reconstructed)
    expected = 35 * float(tf.reduce_mean(of_pixels))
    assert float(loss.total) == pytest.approx(expected, rel=1e-3)
    assert float(loss.parts["reconstruction"]) == float(loss.total)


def test_beta_weighs_the_divergence_and_free_bits_are_its_least() -> None:
    plain, double = loss_of(IMAGES), loss_of(IMAGES, beta=2)
    free = loss_of(IMAGES, free_bits=50)

    assert plain["total"] == pytest.approx(plain["reconstruction"] + plain["kl"], rel=1e-6)
    assert double["total"] - plain["total"] == pytest.approx(plain["kl"], rel=1e-4)
    assert free["total"] == pytest.approx(free["reconstruction"] + 6 * 50, rel=1e-6)
    assert free["kl"] == plain["kl"]


def test_each_batch_is_drawn_anew() -> None:
    seeds = ([0, 1], [0, 1], [0, 2])
    losses = [loss_of(IMAGES, seed=tf.constant(seed))["total"] for seed in seeds]

    assert losses[0] == losses[1] != losses[2]


def test_pixels_are_black_or_white_by_their_intensity() -> None:
    images = tf.fill((1000, *SHAPE), 0.3)

    drawn = variational.binarise(images, seed=SEED).numpy()

    assert set(np.unique(drawn)) == {0, 1}
    assert drawn.mean() == pytest.approx(0.3, abs=0.01)
    assert not np.array_equal(drawn[0], drawn[1])


def test_the_gradient_is_that_of_what_was_drawn_and_reaches_the_head() -> None:
    encoder, decoder = build(MODEL, SHAPE, seed=0).layers
    log_variance = build_log_variance(encoder, seed=0)
    game = variational.game(encoder, decoder, log_variance, training(), strategy())
    [player] = game.players(in_halves)

    with tf.GradientTape() as tape:
        loss = player.objective.loss(tf.constant(IMAGES), None, SEED)
    gradients = tape.gradient(loss.total, player.weights)

    assert len(gradients) == 2 * (2 + 2 + 1)
    assert all(float(tf.reduce_max(tf.abs(gradient))) > 0 for gradient in gradients)


@pytest.mark.slow
@pytest.mark.parametrize("compilation", ["graph", "xla"])
def test_a_fit_lowers_the_bound_and_repeats(compilation: str, digits: Images) -> None:
    fits = []
    wide = MODEL.model_copy(update={"widths": (64, 8)})
    for _ in range(2):
        model = build(wide, (8, 8, 1), seed=0)
        params = training(
            compilation=compilation,
            epochs=8,
            learning_rate=0.003,
            learning_rate_schedule="cosine",
            batch_size=16,
            strategy=strategy(binarise="auto"),
        )
        fitted = autoencoders.fit(model, digits[200:], digits[:200], params, seed=0)
        assert fitted.log_variance is not None
        fits.append((model.get_weights(), fitted.log_variance.get_weights(), fitted.history))

    (weights, head, history), (weights_again, head_again, history_again) = fits
    for ours, theirs in zip([*weights, *head], [*weights_again, *head_again], strict=True):
        assert ours.tobytes() == theirs.tobytes()
    assert history.equals(history_again)
    assert history["val/loss"].iloc[-1] < 0.92 * history["val/loss"].iloc[0]
    parts = history["val/reconstruction"] + history["val/kl"]
    np.testing.assert_allclose(parts, history["val/loss"], rtol=1e-5)
    assert history["val/kl"].iloc[-1] > 2


@pytest.mark.slow
def test_log_variances_share_the_encoders_layers_but_for_the_last(digits: Images) -> None:
    model = build(MODEL, (8, 8, 1), seed=0)
    fitted = autoencoders.fit(model, digits[200:], digits[:200], training(), seed=0)
    assert fitted.log_variance is not None
    encoder = model.get_layer("encoder")

    kernel, *_ = fitted.log_variance.get_weights()

    assert kernel.tobytes() == encoder.get_weights()[0].tobytes()
    log_variances = fitted.log_variance.predict(digits[:9], verbose=0)
    assert log_variances.shape == encoder.predict(digits[:9], verbose=0).shape == (9, 6)


def test_beta_grows_to_its_whole_and_stays() -> None:
    encoder, decoder = build(MODEL, SHAPE, seed=0).layers
    slowly = strategy(beta=4, warm_up_epochs=3)
    log_variance = build_log_variance(encoder, seed=0)
    game = variational.game(encoder, decoder, log_variance, training(), slowly)
    players = game.players(lambda part: part)
    follow = FollowSchedules(players)
    follow.set_params({"epochs": 6})

    betas = []
    for epoch in range(6):
        follow.on_epoch_begin(epoch)
        total, parts = players[0].objective.loss(tf.constant(IMAGES), None, SEED)
        betas.append(float((total - parts["reconstruction"]) / parts["kl"]))

    assert betas == pytest.approx([1, 2, 3, 4, 4, 4], rel=1e-3)
