import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from autoencoder_lab.images import seeds
from autoencoder_lab.models import build
from autoencoder_lab.parameters import (
    ConvolutionalParams,
    DenseParams,
    ModelParams,
    PretrainingParams,
)
from autoencoder_lab.training.classifiers import ClassifierFits

pytestmark = pytest.mark.slow

DENSE = DenseParams(family="dense", widths=(32, 16), activation="selu", output_activation="sigmoid")
CONVOLUTIONAL = ConvolutionalParams(
    family="convolutional",
    filters=(4, 8),
    kernel_size=3,
    activation="selu",
    output_activation="sigmoid",
)
PARAMS = PretrainingParams(
    label_budgets=(1000,), draws=2, steps=300, batch_size=32, learning_rate=0.003, pca_components=30
)
IMAGES = (load_digits().images[..., np.newaxis] / 16).astype(np.float32)
LABELS = load_digits().target.astype(np.int64)
FEW, FEW_LABELS = IMAGES[:1000], LABELS[:1000]
FEW.setflags(write=False)


def encoder_of(model: ModelParams, seed: int = 0) -> keras.Model:
    return build(model, (8, 8, 1), seed=seed).get_layer("encoder")


@pytest.mark.parametrize("model", [DENSE, CONVOLUTIONAL], ids=["dense", "convolutional"])
def test_a_classifier_learns(model: ModelParams) -> None:
    encoder = encoder_of(model)
    fits = ClassifierFits(encoder, PARAMS, n_classes=10)

    fits.fit(encoder.get_weights(), FEW, FEW_LABELS, n_labels=1000, seed=0)

    assert (fits.predict(IMAGES[1000:]) == LABELS[1000:]).mean() > 0.8


def test_a_fit_knows_nothing_of_the_one_before() -> None:
    start = encoder_of(DENSE).get_weights()
    used = ClassifierFits(encoder_of(DENSE), PARAMS, n_classes=10)
    used.fit(encoder_of(DENSE, seed=3).get_weights(), FEW, FEW_LABELS, n_labels=1000, seed=1)
    fresh = ClassifierFits(encoder_of(DENSE), PARAMS, n_classes=10)

    for fits in (used, fresh):
        fits.fit(start, FEW, FEW_LABELS, n_labels=300, seed=0)

    assert used.predict(IMAGES).tolist() == fresh.predict(IMAGES).tolist()


def test_only_as_many_images_are_used_as_there_are_labels() -> None:
    encoder = encoder_of(DENSE)
    start = encoder.get_weights()
    others_wrong = np.where(np.arange(1000) < 100, FEW_LABELS, 0)
    fits = ClassifierFits(encoder, PARAMS, n_classes=10)

    predicted = []
    for labels in (FEW_LABELS, others_wrong):
        fits.fit(start, FEW, labels, n_labels=100, seed=0)
        predicted.append(fits.predict(IMAGES).tolist())

    assert predicted[0] == predicted[1]


def test_fewer_images_than_a_batch_are_enough() -> None:
    encoder = encoder_of(DENSE)
    fits = ClassifierFits(encoder, PARAMS, n_classes=10)

    fits.fit(encoder.get_weights(), IMAGES[:7], LABELS[:7], n_labels=7, seed=0)

    assert fits.predict(IMAGES[:7]).tolist() == LABELS[:7].tolist()


def test_a_fit_is_what_keras_makes_of_the_same_batches() -> None:
    # Each batch is all images, so that only the steps themselves can differ.
    params = PARAMS.model_copy(update={"steps": 40, "batch_size": 50})
    fits = ClassifierFits(encoder_of(DENSE), params, n_classes=10)
    [head_seed, _] = seeds.derive(0, "classifier", 2)
    head = keras.layers.Dense(
        10, "softmax", kernel_initializer=keras.initializers.GlorotUniform(head_seed)
    )
    of_keras = keras.Sequential([encoder_of(DENSE), head])
    of_keras.compile(keras.optimizers.Nadam(0.003), "sparse_categorical_crossentropy")

    fits.fit(encoder_of(DENSE).get_weights(), FEW[:50], FEW_LABELS[:50], n_labels=50, seed=0)
    for _ in range(40):
        of_keras.train_on_batch(IMAGES[:50], LABELS[:50])

    expected = of_keras.predict(IMAGES, verbose=0).argmax(axis=1)
    assert (fits.predict(IMAGES) == expected).mean() > 0.999  # sums in another order
