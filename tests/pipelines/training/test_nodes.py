import numpy as np
import pytest

from autoencoder_lab.images.samples import draw_budgets
from autoencoder_lab.parameters import DenseParams, GreedyParams, TrainingParams, VariantParams
from autoencoder_lab.pipelines.training.nodes import (
    draw_losses,
    train_autoencoder,
    train_with_labels,
)

pytestmark = pytest.mark.slow

VARIANT = VariantParams(
    model=DenseParams(
        family="dense", widths=(9, 4), activation="selu", output_activation="sigmoid"
    ),
    training=TrainingParams(
        loss="mse", optimizer="sgd", learning_rate=1, epochs=3, batch_size=8, patience=None
    ),
)


def test_a_fit_comes_with_its_history_and_metrics() -> None:
    images = np.random.default_rng(0).random((50, 7, 5, 3), dtype=np.float32)
    images.setflags(write=False)

    trained = train_autoencoder(images[:40], images[40:], VARIANT, 0)
    model, history, metrics = trained.values()

    assert model.predict(images, batch_size=50, verbose=0).shape == images.shape
    assert len(history) == 3
    reconstructions = model.predict(images[40:], batch_size=50, verbose=0)
    of_validation_images = np.square(reconstructions - images[40:]).mean()
    assert history["val/loss"].iloc[-1] == pytest.approx(of_validation_images, rel=1e-5)
    assert metrics["model/latent_dim"] == 4
    assert metrics["model/parameters"] == model.count_params()
    assert metrics["fit/best_val_loss"] == history["val/loss"].min()
    assert history["val/loss"][metrics["fit/best_epoch"] - 1] == metrics["fit/best_val_loss"]
    assert metrics["fit/images_per_second"] == pytest.approx(3 * 40 / metrics["fit/seconds"])
    assert draw_losses(history, VARIANT).axes[0].get_ylabel() == "mse"


@pytest.mark.parametrize("fine_tuning_epochs", [0, 2])
def test_of_a_greedy_fit_only_epochs_count_as_seen(fine_tuning_epochs: int) -> None:
    images = np.random.default_rng(0).random((40, 7, 5, 1), dtype=np.float32)
    strategy = GreedyParams(
        kind="greedy", inner_learning_rate=0.01, fine_tuning_epochs=fine_tuning_epochs
    )
    training = VARIANT.training.model_copy(update={"strategy": strategy})
    variant = VARIANT.model_copy(update={"training": training})

    _, history, metrics = train_autoencoder(images, images[:9], variant, 0).values()

    n_epochs = 2 * 3 + fine_tuning_epochs  # three for each of two layers
    assert len(history) == n_epochs + 1  # and what all of them give together
    seen = n_epochs * 40 / metrics["fit/seconds"]
    assert metrics["fit/images_per_second"] == pytest.approx(seen)


def test_the_best_epoch_is_that_of_the_weights_that_fine_tuning_leaves() -> None:
    images = np.random.default_rng(0).random((40, 7, 5, 1), dtype=np.float32)
    strategy = GreedyParams(kind="greedy", inner_learning_rate=0.01, fine_tuning_epochs=2)
    training = VARIANT.training.model_copy(update={"strategy": strategy, "learning_rate": 60.0})
    variant = VARIANT.model_copy(update={"training": training})

    model, history, metrics = train_autoencoder(images, images[:9], variant, 0).values()

    error = np.square(model.predict_on_batch(images[:9]) - images[:9]).mean()
    assert history["val/loss"].iloc[-2:].min() > error  # nothing was gained
    assert metrics["fit/best_val_loss"] == pytest.approx(error, rel=1e-5)
    assert metrics["fit/best_epoch"] == len(history) - 2


def gan(**strategy: object) -> VariantParams:
    return VariantParams.model_validate(
        {
            "model": {
                "family": "generator",
                "latent_dim": 3,
                "widths": [4],
                "activation": "relu",
                "output_activation": "sigmoid",
            },
            "training": {
                "loss": "binary_crossentropy",
                "strategy": {
                    "kind": "gan",
                    "discriminator": [8],
                    "gradient_penalty": 0,
                    **strategy,
                },
                "optimizer": "adam",
                "learning_rate": 1e-6,
                "epochs": 30,
                "batch_size": 8,
                "compilation": "graph",
            },
        }
    )


@pytest.mark.parametrize(("rate", "is_lost"), [(0.05, True), (1e-6, False)])
def test_a_discriminator_that_tells_everything_is_said(
    rate: float, is_lost: bool, caplog: pytest.LogCaptureFixture
) -> None:
    white = np.ones((60, 7, 5, 1), np.float32)

    trained = train_autoencoder(white, white[:9], gan(discriminator_learning_rate=rate), 0)

    assert ("The discriminator tells everything" in caplog.text) == is_lost
    assert trained["fit_metrics"]["model/latent_dim"] == 3
    assert "log_variance" not in trained


def test_labels_of_the_draw_are_learnt_and_those_of_validation_are_not() -> None:
    rng = np.random.default_rng(0)
    labels = np.where(np.arange(60) % 2, 5, 8)
    images = rng.uniform(0, 0.4, (60, 4, 4, 1)).astype(np.float32)
    images[labels == 8, 0] += 0.6
    draws = draw_budgets(labels[:40], [4, 10], n_draws=2, seed=0)
    variant = VariantParams.model_validate(
        {
            "model": {"family": "encoder", "widths": [12, 6], "activation": "relu"},
            "training": {
                "loss": "mse",
                "strategy": {
                    "kind": "ladder",
                    "labels": 6,
                    "draw": 1,
                    "noise": 0.1,
                    "denoising_weights": [1],
                },
                "optimizer": "adam",
                "learning_rate": 0.01,
                "epochs": 20,
                "batch_size": 10,
                "compilation": "graph",
            },
        }
    )
    undrawn_wrong = 13 - labels[:40]
    undrawn_wrong[draws.draws[1].images[:6]] = labels[draws.draws[1].images[:6]]

    first, again = (
        train_with_labels(images[:40], of_train, images[40:], of_validation, draws, variant, 0)
        for of_train, of_validation in (
            (labels[:40], labels[40:]),
            (undrawn_wrong, 13 - labels[40:]),
        )
    )

    told = first["model"].predict_on_batch(images).argmax(axis=1)
    assert (np.array([5, 8])[told] == labels).mean() > 0.95
    assert all(map(np.array_equal, first["model"].get_weights(), again["model"].get_weights()))
    assert first["fit_metrics"]["model/latent_dim"] == 6
    assert first["fit_metrics"]["model/parameters"] == first["model"].count_params()


def test_log_variances_come_with_a_variational_fit() -> None:
    images = np.random.default_rng(0).random((40, 7, 5, 1), dtype=np.float32)
    strategy = {
        "kind": "variational",
        "beta": 1,
        "free_bits": 0,
        "warm_up_epochs": 0,
        "binarise": "auto",
    }
    model = VARIANT.model.model_dump() | {"coding_activation": "linear"}
    training = VARIANT.training.model_dump() | {
        "loss": "binary_crossentropy",
        "learning_rate": 0.001,
        "strategy": strategy,
    }
    variant = VariantParams.model_validate({"model": model, "training": training})

    trained = train_autoencoder(images, images[:9], variant, 0)

    codings = trained["model"].get_layer("encoder").predict_on_batch(images)
    assert trained["log_variance"].predict_on_batch(images).shape == codings.shape == (40, 4)
