import numpy as np
import pytest

from autoencoder_lab import seeds
from autoencoder_lab.arrays import UNLABELLED
from autoencoder_lab.models import build
from autoencoder_lab.parameters import DenseParams, PretrainingParams, TrainingParams, VariantParams
from autoencoder_lab.pipelines.pretraining.nodes import ARMS, COLUMNS, compare_pretraining

VARIANT = VariantParams(
    model=DenseParams(
        family="dense", widths=(12, 6), activation="selu", output_activation="sigmoid"
    ),
    training=TrainingParams(
        loss="mse", optimizer="sgd", learning_rate=1, epochs=1, batch_size=8, patience=None
    ),
)
PARAMS = PretrainingParams(labels=30, steps=60, batch_size=16, learning_rate=0.01)
SHAPE = (5, 3, 1)


def striped(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return images whose bright row is their class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 5
    images = rng.uniform(0, 0.3, (n, *SHAPE)).astype(np.float32)
    images[np.arange(n), labels] += 0.6
    images.setflags(write=False)
    return images, labels


def test_all_arms_are_measured_on_the_test_images() -> None:
    model = build(VARIANT.model, SHAPE, seed=0)
    before = [w.copy() for w in model.get_weights()]

    scores = compare_pretraining(model, *striped(200, 0), *striped(100, 1), VARIANT, PARAMS, 0)

    [row] = scores.to_dict("records")
    assert list(row) == COLUMNS
    assert row["labels"] == 30
    assert row["pretraining/gain"] == row["pretraining/fine_tuned"] - row["pretraining/scratch"]
    assert row["pretraining/scratch"] > 0.8  # chance is 0.2
    assert all(map(np.array_equal, before, model.get_weights()))


def test_each_arm_differs_from_the_others() -> None:
    # A few steps, after which the arms are still as far apart as they began. If weights were not
    # loaded, or a frozen encoder were fitted, two arms would be one.
    params = PARAMS.model_copy(update={"steps": 10})
    model = build(VARIANT.model, SHAPE, seed=0)
    brightness_of_rows = np.zeros((15, 12), np.float32)
    brightness_of_rows[np.arange(15), np.arange(15) // 3] = 1
    model.get_layer("encoder").set_weights(
        [brightness_of_rows, np.zeros(12), np.eye(12, 6), np.zeros(6)]
    )

    scores = compare_pretraining(model, *striped(200, 0), *striped(100, 1), VARIANT, params, 0)

    accuracies = scores[list(ARMS)].iloc[0]
    assert len(set(accuracies)) == 4
    assert accuracies["pretraining/frozen"] > accuracies["pretraining/random_frozen"] + 0.1


def test_pretraining_with_the_untrained_weights_gains_nothing() -> None:
    # The limit at which the comparison must be fair: both arms start from the same encoder.
    [encoder_seed, *_] = seeds.derive(3, "pretraining", 3)
    untrained = build(VARIANT.model, SHAPE, seed=encoder_seed)

    scores = compare_pretraining(untrained, *striped(200, 0), *striped(100, 1), VARIANT, PARAMS, 3)

    [row] = scores.to_dict("records")
    assert row["pretraining/gain"] == 0
    assert row["pretraining/frozen"] == row["pretraining/random_frozen"]


@pytest.mark.parametrize("n_labels", [30, 10_000])
def test_the_budget_is_capped_by_the_images(n_labels: int) -> None:
    params = PARAMS.model_copy(update={"labels": n_labels})

    scores = compare_pretraining(
        build(VARIANT.model, SHAPE, seed=0), *striped(40, 0), *striped(20, 1), VARIANT, params, 0
    )

    assert scores["labels"].tolist() == [min(n_labels, 40)]


@pytest.mark.parametrize("unlabelled", ["train", "test", "train and test"])
def test_without_labels_there_are_no_scores_and_it_is_said(
    unlabelled: str, caplog: pytest.LogCaptureFixture
) -> None:
    images, labels = striped(40, 0)
    none = np.full_like(labels, UNLABELLED)
    train_labels = none if "train" in unlabelled else labels
    test_labels = none if "test" in unlabelled else labels

    scores = compare_pretraining(
        build(VARIANT.model, SHAPE, seed=0),
        images,
        train_labels,
        images,
        test_labels,
        VARIANT,
        PARAMS,
        0,
    )

    assert scores.empty
    assert list(scores.columns) == COLUMNS
    assert "left out" in caplog.text


def test_labels_may_have_gaps_and_the_test_images_classes_of_their_own() -> None:
    images, labels = striped(200, 0)
    test_images, test_labels = striped(100, 1)
    far_apart = np.array([3, 40, 500, 6000, 7_000_000])

    scores = compare_pretraining(
        build(VARIANT.model, SHAPE, seed=0),
        images,
        far_apart[labels],
        test_images,
        np.where(np.arange(100) < 50, far_apart[test_labels], 1),
        VARIANT,
        PARAMS,
        0,
    )

    assert 0.4 < scores["pretraining/scratch"][0] <= 0.5
