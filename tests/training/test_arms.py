import keras
import numpy as np
import pandas as pd
import pytest

from autoencoder_lab.images.samples import LabelDraws, draw_budgets
from autoencoder_lab.models import build
from autoencoder_lab.parameters import DenseParams, PretrainingParams
from autoencoder_lab.training.arms import (
    LabelledImages,
    pretrained_accuracies,
    untrained_accuracies,
)

MODEL = DenseParams(family="dense", widths=(12, 6), activation="selu", output_activation="sigmoid")
PARAMS = PretrainingParams(
    label_budgets=(30, 60),
    draws=2,
    steps=60,
    batch_size=16,
    learning_rate=0.01,
    pca_components=3,
    compilation="graph",
)
SHAPE = (5, 3, 1)


def striped(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return images whose bright row is their class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 5
    images = rng.uniform(0, 0.3, (n, *SHAPE)).astype(np.float32)
    images[np.arange(n), labels] += 0.6
    images.setflags(write=False)
    return images, labels


DATA = LabelledImages(*striped(200, 0), *striped(100, 1))
DRAWS = draw_budgets(DATA.labels, PARAMS.label_budgets, n_draws=2, seed=0)


def accuracies(
    autoencoder: keras.Model,
    *,
    data: LabelledImages = DATA,
    draws: LabelDraws = DRAWS,
    params: PretrainingParams = PARAMS,
) -> pd.DataFrame:
    of_arms = (
        untrained_accuracies(MODEL, data, draws, params),
        pretrained_accuracies(autoencoder, data, draws, params),
    )
    return pd.concat(of_arms, axis=1)


@pytest.mark.slow
def test_each_arm_is_measured_for_each_draw_and_budget() -> None:
    autoencoder = build(MODEL, SHAPE, seed=0)
    before = [weight.copy() for weight in autoencoder.get_weights()]

    table = accuracies(autoencoder)

    assert table.index.tolist() == [(30, 0), (30, 1), (60, 0), (60, 1)]
    assert sorted(table) == [
        f"pretraining/{arm}" for arm in ("fine_tuned", "frozen", "random_frozen", "scratch")
    ]
    assert table["pretraining/scratch"].min() > 0.8  # chance is 0.2
    assert all(map(np.array_equal, before, autoencoder.get_weights()))


@pytest.mark.slow
def test_each_arm_differs_from_the_others() -> None:
    # If weights were not loaded, or a frozen encoder were fitted, two arms would be one.
    autoencoder = build(MODEL, SHAPE, seed=0)
    brightness_of_rows = np.zeros((15, 12), np.float32)
    brightness_of_rows[np.arange(15), np.arange(15) // 3] = 1
    autoencoder.get_layer("encoder").set_weights(
        [brightness_of_rows, np.zeros(12), np.eye(12, 6), np.zeros(6)]
    )

    soon = accuracies(autoencoder, params=PARAMS.model_copy(update={"steps": 10}))
    means = accuracies(autoencoder).mean()

    assert not soon["pretraining/fine_tuned"].equals(soon["pretraining/scratch"])
    assert means["pretraining/fine_tuned"] > means["pretraining/frozen"] + 0.1
    assert means["pretraining/frozen"] > means["pretraining/random_frozen"] + 0.1


@pytest.mark.slow
def test_pretraining_with_the_untrained_weights_gains_nothing() -> None:
    # The limit at which the comparison must be fair: both arms start from the same encoder.
    table = accuracies(build(MODEL, SHAPE, seed=DRAWS.draws[1].seed))

    of_draw = table.xs(1, level="draw")
    assert of_draw["pretraining/fine_tuned"].equals(of_draw["pretraining/scratch"])
    assert of_draw["pretraining/frozen"].equals(of_draw["pretraining/random_frozen"])


@pytest.mark.slow
def test_labels_may_have_gaps_and_the_test_images_classes_of_their_own() -> None:
    far_apart = np.array([3, 40, 500, 6000, 7_000_000])
    test_labels = np.where(np.arange(100) < 50, far_apart[DATA.test_labels], 1)
    data = LabelledImages(DATA.images, far_apart[DATA.labels], DATA.test_images, test_labels)

    table = untrained_accuracies(MODEL, data, DRAWS, PARAMS)

    assert table["pretraining/scratch"].between(0.35, 0.5).all()


def test_without_draws_there_are_no_accuracies() -> None:
    table = accuracies(build(MODEL, SHAPE, seed=0), draws=LabelDraws((), ()))

    assert table.empty
    assert "pretraining/scratch" in table
