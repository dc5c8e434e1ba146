import numpy as np
import pytest
from sklearn.datasets import load_digits

from autoencoder_lab.models import build
from autoencoder_lab.parameters import DenseParams, PretrainingParams
from autoencoder_lab.training.classifiers import accuracy, fit_classifier

MODEL = DenseParams(family="dense", widths=(32, 16), activation="selu", output_activation="sigmoid")
PARAMS = PretrainingParams(labels=1000, steps=200, batch_size=32, learning_rate=0.003)
IMAGES = (load_digits().images[..., np.newaxis] / 16).astype(np.float32)
LABELS = load_digits().target.astype(np.int64)
CLASSES = np.arange(10)


@pytest.mark.parametrize("is_frozen", [True, False], ids=["frozen", "fine-tuned"])
def test_a_classifier_learns_and_leaves_a_frozen_encoder_alone(is_frozen: bool) -> None:
    encoder = build(MODEL, (8, 8, 1), seed=0).get_layer("encoder")
    encoder.trainable = not is_frozen
    before = [w.copy() for w in encoder.get_weights()]

    classifier = fit_classifier(encoder, IMAGES[:1000], LABELS[:1000], PARAMS, n_classes=10, seed=0)

    is_unchanged = all(map(np.array_equal, before, encoder.get_weights()))
    assert is_unchanged == is_frozen
    assert accuracy(classifier, IMAGES[1000:], LABELS[1000:], classes=CLASSES) > (
        0.3 if is_frozen else 0.85
    )


def test_fewer_images_than_a_batch_are_enough() -> None:
    encoder = build(MODEL, (8, 8, 1), seed=0).get_layer("encoder")

    classifier = fit_classifier(encoder, IMAGES[:7], LABELS[:7], PARAMS, n_classes=10, seed=0)

    assert accuracy(classifier, IMAGES[:7], LABELS[:7], classes=CLASSES) == 1


def test_accuracy_is_the_share_of_right_answers(capsys: pytest.CaptureFixture[str]) -> None:
    encoder = build(MODEL, (8, 8, 1), seed=0).get_layer("encoder")
    classifier = fit_classifier(encoder, IMAGES[:50], LABELS[:50], PARAMS, n_classes=10, seed=0)
    answers = classifier.predict(IMAGES[:8], verbose=0).argmax(axis=1)

    half_wrong = np.where(np.arange(8) < 4, answers, (answers + 1) % 10)

    assert accuracy(classifier, IMAGES[:8], answers, classes=CLASSES) == 1
    assert accuracy(classifier, IMAGES[:8], half_wrong, classes=CLASSES) == 0.5
    assert capsys.readouterr().out == ""  # neither progress nor anything else
