import gc
from pathlib import Path

import keras
import numpy as np
import pytest
import yaml
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA
from tensorflow.python.framework.func_graph import FuncGraph

from autoencoder_lab.images.arrays import Images
from autoencoder_lab.images.corruptions import corrupt
from autoencoder_lab.models import build
from autoencoder_lab.parameters import DenseParams, MaskNoiseParams, TrainingParams, VariantParams
from autoencoder_lab.training import autoencoders, joint
from autoencoder_lab.training.divergence import Diverged
from autoencoder_lab.training.fits import Fit
from autoencoder_lab.training.phases import Phase
from autoencoder_lab.training.progress import Milestone, listen

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
STACKED = DenseParams(
    family="dense", widths=(20, 8), activation="selu", output_activation="sigmoid"
)
GREEDY = {"kind": "greedy", "inner_learning_rate": 0.05, "fine_tuning_epochs": 0}
LINEAR = DenseParams(family="dense", widths=(10,), activation="linear", output_activation="linear")


def training(**changes: object) -> TrainingParams:
    defaults = {
        "loss": "binary_crossentropy",
        "optimizer": "sgd",
        "learning_rate": 0.5,
        "epochs": 3,
        "batch_size": 32,
        "patience": None,
        "compilation": "graph",  # XLA compiles longer than these fits take
    }
    return TrainingParams.model_validate(defaults | changes)


def test_the_loss_falls_and_the_history_has_a_row_for_each_epoch(digits: Images) -> None:
    model = build(STACKED, (8, 8, 1), seed=0)

    history, *_ = autoencoders.fit(model, digits[200:], digits[:200], training(), seed=0)

    assert list(history.columns) == ["epoch", "train/loss", "val/loss", "phase"]
    assert history["epoch"].tolist() == [1, 2, 3]
    assert history["train/loss"].is_monotonic_decreasing
    assert history["val/loss"].is_monotonic_decreasing


def test_each_epoch_is_told_while_the_fit_runs(digits: Images) -> None:
    told: list[Milestone] = []
    listen("test", told.append)
    model = build(STACKED, (8, 8, 1), seed=0)

    greedy = GREEDY | {"fine_tuning_epochs": 1}
    params = training(strategy=greedy, epochs=2)
    history, *_ = autoencoders.fit(model, digits[200:], digits[:200], params, seed=0)

    assert [(epoch.phase, epoch.number, epoch.of) for epoch in told] == [
        ("layer 1", 1, 2),
        ("layer 1", 2, 2),
        ("layer 2", 3, 4),
        ("layer 2", 4, 4),
        ("fine-tuning", 6, 6),
    ]
    by_number = history.set_index("epoch")
    assert all(
        epoch.losses == by_number.loc[epoch.number, ["train/loss", "val/loss"]].to_dict()
        for epoch in told
    )


def test_the_validation_loss_is_that_of_the_weights_which_are_left(digits: Images) -> None:
    model = build(STACKED, (8, 8, 1), seed=0)

    history, *_ = autoencoders.fit(model, digits[200:], digits[:200], training(loss="mse"), seed=0)
    reconstructions = model.predict(digits[:200], verbose=0)

    left = np.square(reconstructions - digits[:200]).mean()
    # Keras adds the batches up in single precision.
    assert history["val/loss"].iloc[-1] == pytest.approx(left, rel=1e-5)


@pytest.mark.parametrize("compilation", ["xla", "graph"])
def test_the_same_seed_gives_the_same_bytes_and_another_others(
    compilation: str, digits: Images
) -> None:
    params = training(compilation=compilation)
    weights, losses = [], []
    for seed in (1, 1, 2):
        model = build(STACKED, (8, 8, 1), seed=7)  # only the order of the batches differs
        history, *_ = autoencoders.fit(model, digits[200:], digits[:200], params, seed=seed)
        weights.append(b"".join(w.tobytes() for w in model.get_weights()))
        losses.append(history["val/loss"].tolist())

    assert weights[0] == weights[1] != weights[2]
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize(
    "kind", [{"corruption": {"kind": "gaussian", "stddev": 0.3}}, {"strategy": GREEDY}]
)
def test_the_size_of_what_is_read_at_a_time_changes_nothing(
    kind: dict[str, object], digits: Images
) -> None:
    images = np.concatenate([digits] * 4)  # 1.8 MB
    models = [build(STACKED, (8, 8, 1), seed=0) for _ in range(2)]

    for model, megabytes in zip(models, (1, 2), strict=True):
        params = training(epochs=2, chunk_megabytes=megabytes, **kind)
        autoencoders.fit(model, images, digits, params, seed=0)

    streamed, at_once = (dense_weights(model) for model in models)
    assert streamed == at_once


def test_a_fit_leaves_no_graph_behind(digits: Images) -> None:
    def n_graphs_after_a_fit() -> int:
        model = build(STACKED, (8, 8, 1), seed=0)
        autoencoders.fit(model, digits, digits, training(epochs=1), seed=0)
        del model
        gc.collect()
        # By type: `isinstance` would ask lazy objects of other packages for what they stand for.
        return sum(issubclass(type(held), FuncGraph) for held in gc.get_objects())

    assert n_graphs_after_a_fit() == n_graphs_after_a_fit()


def test_early_stopping_restores_the_best_epoch(digits: Images) -> None:
    model = build(STACKED, (8, 8, 1), seed=0)
    # The validation images are unlike the training images, so learning soon makes them worse.
    unlike = 1 - digits[:200]

    history, *_ = autoencoders.fit(
        model, digits[200:], unlike, training(epochs=50, patience=2, loss="mse"), seed=0
    )
    left = np.square(model.predict(unlike, verbose=0) - unlike).mean()

    best = history["val/loss"].argmin()
    assert len(history) == best + 1 + 2 < 50
    assert left == pytest.approx(history["val/loss"].iloc[best], rel=1e-5)


def test_a_linear_autoencoder_is_pca(digits: Images) -> None:
    pixels = digits.reshape(len(digits), -1)
    pca = PCA(10).fit(pixels)
    best_error = np.square(pca.inverse_transform(pca.transform(pixels)) - pixels).mean()
    model = build(LINEAR, (8, 8, 1), seed=0)

    params = training(loss="mse", optimizer="adam", learning_rate=0.002, epochs=150)
    autoencoders.fit(model, digits, digits[:200], params, seed=0)

    error = np.square(model.predict(digits, verbose=0) - digits).mean()
    assert best_error < error < 1.02 * best_error
    [_, _, decoder_kernel, _] = model.get_weights()
    angles = np.rad2deg(subspace_angles(decoder_kernel.T, pca.components_.T))
    assert angles.max() < 5


# One step an epoch: the first is measured before it leads astray.
@pytest.mark.parametrize(("batch_size", "epoch"), [(32, 1), (2000, 2)])
def test_a_fit_that_diverges_stops_at_once_and_keeps_its_losses(
    digits: Images, batch_size: int, epoch: int
) -> None:
    model = build(LINEAR, (8, 8, 1), seed=0)
    params = training(loss="mse", learning_rate=1e30, epochs=50, batch_size=batch_size)

    with pytest.raises(Diverged, match=rf"became (nan|inf) in epoch {epoch}: .* below ") as raised:
        autoencoders.fit(model, digits[200:], digits[:200], params, seed=0)

    history = raised.value.history
    assert history["epoch"].tolist() == list(range(1, epoch + 1))
    assert np.isfinite(history["train/loss"]).tolist() == [True] * (epoch - 1) + [False]


def test_at_the_defaults_small_data_are_trained_out(digits: Images) -> None:
    defaults = (PROJECT / "conf/base/parameters/linear.yml").read_text()
    variant = VariantParams.model_validate(yaml.safe_load(defaults)["linear"])
    train, test = digits[200:], digits[:200]
    pca = PCA(30).fit(train.reshape(len(train), -1))
    pixels = test.reshape(len(test), -1)
    best_error = np.square(pca.inverse_transform(pca.transform(pixels)) - pixels).mean()
    model = build(variant.model, (8, 8, 1), seed=0)

    autoencoders.fit(model, train, test, variant.training, seed=0)

    error = np.square(model.predict(test, verbose=0) - test).mean()
    assert error < 1.02 * best_error


def dense_weights(autoencoder: keras.Sequential) -> list[bytes]:
    """Return the weights of each pair of layers, from the outermost to the codings."""
    encoder, decoder = (
        [layer for layer in part.layers if layer.weights] for part in autoencoder.layers
    )
    return [
        b"".join(weight.tobytes() for layer in pair for weight in layer.get_weights())
        for pair in zip(encoder, reversed(decoder), strict=True)
    ]


def test_greedy_phases_leave_earlier_layers_as_they_were(digits: Images) -> None:
    three = STACKED.model_copy(update={"widths": (20, 12, 8)})
    one, all_three = build(three, (8, 8, 1), seed=0), build(three, (8, 8, 1), seed=0)
    first_only = Phase(
        "layer 1",
        joint.game(*shallow(one), training()),
        digits[200:],
        digits[:200],
        training(),
    )

    Fit(one, seed=0).run(first_only)
    history, *_ = autoencoders.fit(
        all_three, digits[200:], digits[:200], training(strategy=GREEDY), seed=0
    )

    assert dense_weights(one)[0] == dense_weights(all_three)[0]
    assert history["phase"].tolist() == 3 * ["layer 1"] + 3 * ["layer 2"] + 3 * ["layer 3"] + [
        "stacked"
    ]
    assert history["epoch"].tolist() == list(range(1, 11))


def shallow(autoencoder: keras.Sequential) -> tuple[keras.Sequential, keras.Sequential]:
    encoder, decoder = autoencoder.layers
    return (
        keras.Sequential([keras.Input((8, 8, 1)), *encoder.layers[:2]]),
        keras.Sequential([keras.Input((20,)), *decoder.layers[-2:]]),
    )


def test_greedy_training_learns_to_reconstruct(digits: Images) -> None:
    model = build(STACKED, (8, 8, 1), seed=0)
    untrained = np.square(model.predict(digits, verbose=0) - digits).mean()

    params = training(strategy=GREEDY, epochs=20)
    history, *_ = autoencoders.fit(model, digits[200:], digits[:200], params, seed=0)

    error = np.square(model.predict(digits, verbose=0) - digits).mean()
    assert error < 0.6 * untrained
    # The last row is of the whole, in the loss of the whole.
    assert history["val/loss"].iloc[-1] == pytest.approx(history["val/loss"].iloc[19], rel=0.3)


@pytest.mark.parametrize("learning_rate", [0.5, 30.0])
def test_fine_tuning_never_makes_the_validation_loss_worse(
    digits: Images, learning_rate: float
) -> None:
    model = build(STACKED, (8, 8, 1), seed=0)
    params = training(loss="mse", strategy=GREEDY | {"fine_tuning_epochs": 3})
    clumsy = params.model_copy(update={"learning_rate": learning_rate})
    game = joint.game(*model.layers, clumsy)
    whole = Phase("joint", game, digits[200:], digits[:200], clumsy)

    fit = Fit(model, seed=0)
    autoencoders._fit_greedily(fit, whole, params.strategy)
    history = fit.history

    before, *tuned = history["val/loss"].iloc[-4:]
    assert history["phase"].iloc[-4:].tolist() == ["stacked"] + 3 * ["fine-tuning"]
    left = np.square(model.predict(digits[:200], verbose=0) - digits[:200]).mean()
    assert left == pytest.approx(min(before, *tuned), rel=1e-5)


@pytest.mark.parametrize(
    ("penalty", "coding_activation"),
    [
        ({"kind": "kl", "weight": 0.01, "target": 0.1}, "sigmoid"),
        ({"kind": "l1", "weight": 0.01}, "relu"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_a_penalty_makes_codings_sparse_by_its_own_measure(
    digits: Images, penalty: dict[str, object], coding_activation: str
) -> None:
    activity = []
    wide = STACKED.model_copy(update={"widths": (20, 40), "coding_activation": coding_activation})
    for sparsity in ({"kind": "none"}, penalty):
        model = build(wide, (8, 8, 1), seed=0)
        params = training(optimizer="adam", learning_rate=0.003, epochs=20, sparsity=sparsity)
        autoencoders.fit(model, digits[200:], digits[:200], params, seed=0)
        codings = model.get_layer("encoder").predict(digits[:200], verbose=0)
        activity.append(np.abs(codings).mean())

    free, sparse = activity
    assert sparse < 0.6 * free
    if penalty["kind"] == "kl":
        assert sparse == pytest.approx(0.1, abs=0.03)


def test_denoising_is_learnt_from_corrupted_inputs_and_clean_targets(digits: Images) -> None:
    noise = MaskNoiseParams(kind="mask", rate=0.3)
    view = corrupt(digits[:200], noise, seed=[0, 0]).numpy()
    errors = []
    for corruption in ({"kind": "none"}, noise.model_dump()):
        model = build(STACKED, (8, 8, 1), seed=0)
        params = training(optimizer="adam", learning_rate=0.003, epochs=30, corruption=corruption)
        autoencoders.fit(model, digits[200:], digits[:200], params, seed=0)
        errors.append(np.square(model.predict(view, verbose=0) - digits[:200]).mean())

    plain, denoising = errors
    assert denoising < 0.8 * plain
