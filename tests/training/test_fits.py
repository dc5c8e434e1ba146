import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from autoencoder_lab.images.arrays import Images
from autoencoder_lab.models import build
from autoencoder_lab.parameters import (
    ConvolutionalParams,
    DenseParams,
    EncoderParams,
    GeneratorParams,
    ModelParams,
    TiedParams,
    TrainingParams,
)
from autoencoder_lab.training import autoencoders, joint
from autoencoder_lab.training.checkpoints import Best, FitState, keep_in
from autoencoder_lab.training.chunks import Labelled
from autoencoder_lab.training.fits import Fit, KeepBest
from autoencoder_lab.training.phases import Phase
from autoencoder_lab.training.progress import Milestone, listen

ACTIVATIONS = {"activation": "selu", "output_activation": "sigmoid"}
DENSE = DenseParams(family="dense", widths=(12, 6), **ACTIVATIONS)
TIED = TiedParams(family="tied", widths=(12, 6), **ACTIVATIONS)
CONVOLUTIONAL = ConvolutionalParams(
    family="convolutional", filters=(4, 8), kernel_size=3, **ACTIVATIONS
)
BEFORE = -1

GREEDY = {"kind": "greedy", "inner_learning_rate": 0.05, "fine_tuning_epochs": 3}
NOISE = {"kind": "gaussian", "stddev": 0.3}
GAUSSIAN = DENSE.model_copy(update={"coding_activation": "linear"})
GENERATOR = GeneratorParams(family="generator", latent_dim=3, widths=(9,), **ACTIVATIONS)
ENCODER = EncoderParams(family="encoder", widths=(12, 6), activation="relu")
LADDER = {
    "kind": "ladder",
    "labels": 30,
    "draw": 0,
    "noise": 0.3,
    "denoising_weights": [10, 1],
}
VARIATIONAL = {
    "kind": "variational",
    "beta": 1,
    "free_bits": 0.1,
    "warm_up_epochs": 2,
    "binarise": "auto",
}
ADVERSARIAL = {"kind": "adversarial", "reconstruction_weight": 0.1, "discriminator": [7]}
GAN = {
    "kind": "gan",
    "discriminator": [7],
    "discriminator_learning_rate": 0.02,
    "gradient_penalty": 1,
}


class Kept:
    """A keeper in memory, which keeps bytes as a file does."""

    def __init__(self, is_due: Callable[[int], bool] = lambda number: True) -> None:
        self.content: bytes | None = None
        self.n_asked = 0
        self._is_due = is_due

    def load(self) -> FitState | None:
        return FitState.from_bytes(self.content) if self.content else None

    def is_due(self) -> bool:
        self.n_asked += 1
        return self._is_due(self.n_asked)

    def save(self, state: FitState) -> None:
        self.content = state.to_bytes()


class CutShort(BaseException):
    """What ends a process."""


@pytest.fixture(scope="module")
def digits() -> Images:
    images = (load_digits().images[:500, ..., np.newaxis] / 16).astype(np.float32)
    images.setflags(write=False)
    return images


@pytest.fixture(autouse=True)
def _nothing_outlives_a_test() -> Iterator[None]:
    yield
    listen("test", lambda milestone: None)
    keep_in(None)


def training(**changes: object) -> TrainingParams:
    defaults = {
        "loss": "binary_crossentropy",
        "optimizer": "nadam",
        "learning_rate": 0.01,
        "epochs": 4,
        "batch_size": 32,
        "compilation": "graph",
    }
    return TrainingParams.model_validate(defaults | changes)


def known_of(digits: Images) -> autoencoders.KnownClasses:
    classes = load_digits().target
    return autoencoders.KnownClasses(
        train=Labelled(digits[100:130], classes[100:130], batch_size=20),
        validation=Labelled(digits[:100], classes[:100], batch_size=32),
        n_classes=10,
    )


def fit(
    model: ModelParams, digits: Images, params: TrainingParams, *, cut_after: int | None = None
) -> tuple[list[bytes], list[list[object]], list[int]]:
    """Return weights, history and the epochs that were computed; up to where it is cut short."""
    epochs: list[int] = []

    def hear(milestone: Milestone) -> None:
        epochs.append(milestone.number)
        if milestone.number == cut_after:
            raise CutShort

    listen("test", hear)
    autoencoder = build(model, (8, 8, 1), seed=0)
    try:
        history, *_ = autoencoders.fit(
            autoencoder, digits[100:], digits[:100], params, known=known_of(digits), seed=3
        )
    except CutShort:
        return [], [], epochs
    weights = [weight.tobytes() for weight in autoencoder.get_weights()]
    return weights, history.to_numpy().tolist(), epochs


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "changes", "cut_after"),
    [
        (DENSE, {"corruption": NOISE}, 3),
        (DENSE, {"compilation": "xla"}, 2),
        (TIED, {"sparsity": {"kind": "l1", "weight": 0.01}}, 3),
        (CONVOLUTIONAL, {}, 2),
        (DENSE, {"strategy": GREEDY}, 3),  # in the first layers' phase
        (DENSE, {"strategy": GREEDY}, 7),  # in the second's
        (DENSE, {"strategy": GREEDY}, 11),  # in fine-tuning
        (DENSE, {"patience": 2, "learning_rate": 0.3, "epochs": 30}, 4),
        (DENSE, {"epochs": 1, "strategy": GREEDY}, 2),
        (DENSE, {"patience": 1, "epochs": 2, "strategy": GREEDY}, 7),
        (GAUSSIAN, {"strategy": VARIATIONAL, "learning_rate_schedule": "cosine"}, 2),
        (GAUSSIAN, {"strategy": VARIATIONAL | {"warm_up_epochs": 0}, "patience": 2}, 3),
        (GAUSSIAN, {"strategy": ADVERSARIAL, "learning_rate_schedule": "late_linear"}, 3),
        (GENERATOR, {"strategy": GAN, "beta_1": 0.5}, 2),
        (ENCODER, {"strategy": LADDER, "loss": "mse", "learning_rate_schedule": "late_linear"}, 3),
    ],
)
def test_an_interrupted_fit_is_resumed_to_the_same_bytes(
    model: ModelParams, changes: dict[str, object], cut_after: int, digits: Images
) -> None:
    params = training(**changes)
    straight, history, all_epochs = fit(model, digits, params)

    keep_in(Kept())
    # The epoch in which it is cut short has not been kept: listeners hear of it before.
    _, _, first = fit(model, digits, params, cut_after=cut_after)
    weights, continued, later = fit(model, digits, params)

    assert weights == straight
    assert continued == history
    assert [*first[:-1], *later] == all_epochs


@pytest.mark.slow
def test_a_phase_that_had_stopped_is_not_fitted_again(digits: Images) -> None:
    params = training(patience=1, learning_rate=0.5, epochs=40)
    kept = Kept()
    keep_in(kept)
    weights, history, epochs = fit(DENSE, digits, params)
    assert len(epochs) < 40

    again, history_again, no_epochs = fit(DENSE, digits, params)

    assert no_epochs == []
    assert again == weights
    assert history_again == history


@pytest.mark.slow
def test_seldom_kept_states_cost_epochs_and_no_more(digits: Images) -> None:
    straight, _, _ = fit(DENSE, digits, training())
    keep_in(Kept(is_due=lambda number: number == 2))

    fit(DENSE, digits, training(), cut_after=4)
    weights, _, later = fit(DENSE, digits, training())

    assert later == [3, 4]
    assert weights == straight


@pytest.mark.slow
def test_seconds_and_epochs_before_the_cut_count(digits: Images) -> None:
    kept = Kept()
    keep_in(kept)
    fit(DENSE, digits, training())
    state = kept.load()
    assert state is not None
    kept.save(replace(state, seconds=1000.0))

    fitted = autoencoders.fit(
        build(DENSE, (8, 8, 1), seed=0), digits[100:], digits[:100], training(), seed=3
    )

    assert 1000 < fitted.seconds < 2000
    assert fitted.n_resumed == len(fitted.history) > 0


def test_a_loss_that_is_no_number_is_never_kept(digits: Images) -> None:
    kept = Kept()
    keep_in(kept)
    wild = training(optimizer="sgd", learning_rate=1e30, loss="mse")
    autoencoder = build(DENSE.model_copy(update={"output_activation": "linear"}), (8, 8, 1), seed=0)
    game = joint.game(*autoencoder.layers, wild)
    phase = Phase("joint", game, digits[100:], digits[:100], wild)

    with pytest.raises(FloatingPointError):
        Fit(autoencoder, seed=0).run(phase)

    assert kept.content is None


def test_a_last_step_that_goes_wrong_is_seen_in_the_validation_loss(digits: Images) -> None:
    wild = training(optimizer="sgd", learning_rate=1e15, loss="mse", epochs=1, batch_size=64)
    autoencoder = build(DENSE.model_copy(update={"output_activation": "linear"}), (8, 8, 1), seed=0)
    game = joint.game(*autoencoder.layers, wild)
    phase = Phase("joint", game, digits[:30], digits[:30], wild)

    with pytest.raises(FloatingPointError, match=r"the loss became (inf|nan) in epoch 1: try a"):
        Fit(autoencoder, seed=0).run(phase)


@pytest.mark.parametrize(
    ("losses", "patience", "floor", "n_epochs", "best"),
    [
        ([3, 2, 1], 2, math.inf, 3, 2),
        ([3, 1, 2, 2, 0], 2, math.inf, 4, 1),
        ([3, 1, 2, 0, 1, 1, 0], 2, math.inf, 6, 3),
        ([3, 1, 2], None, math.inf, 3, 1),
        ([3, math.nan, 2, 4], 3, math.inf, 4, 2),
        ([3, 2, 1], None, 0.5, 3, BEFORE),
        ([5, 3, 0.9, 0.5], 2, 1, 4, 3),  # patience counts from the phase's own best
        ([5, 3, 4, 4, 0], 2, 1, 4, BEFORE),
    ],
)
def test_the_best_weights_are_left_and_patience_ends(
    losses: list[float], patience: int | None, floor: float, n_epochs: int, best: int
) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    before = [np.full((1, 1), BEFORE)] if math.isfinite(floor) else []
    keep = KeepBest(model.weights, Best(floor, 0, before), patience)
    keep.set_model(model)
    model.stop_training = False  # as it is when Keras' fit begins
    done = 0
    for epoch, loss in enumerate(losses):
        model.set_weights([np.full((1, 1), epoch)])
        keep.on_epoch_end(epoch, {"val_loss": loss})
        done += 1
        if model.stop_training:
            break

    keep.on_train_end()

    assert done == n_epochs
    assert model.get_weights()[0] == best
