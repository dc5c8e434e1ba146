import logging

import numpy as np
import pytest
from sklearn.datasets import load_digits

from autoencoder_lab.images.arrays import Autoencoder, Images, Labels, Mask
from autoencoder_lab.images.sources import DecodedCodings
from autoencoder_lab.models import build
from autoencoder_lab.parameters import DenseParams, GeneratorParams, SamplesParams
from autoencoder_lab.pipelines.samples.nodes import (
    RealFeatures,
    describe_real_images,
    draw_mixture_samples,
    draw_nearest,
    draw_prior_samples,
    measure_mixture_samples,
    measure_prior_samples,
    measure_real_images,
    measure_reconstructed_samples,
    note_real_images,
    sample_mixture,
    sample_prior,
    train_judge,
)

from ...stored_images import stored

PARAMS = SamplesParams(images=200, mixtures=(1, 5), judge_epochs=12)
NAMES = {label: f"digit {label}" for label in range(10)}


@pytest.fixture(scope="module")
def digits() -> tuple[Images, Labels]:
    bunch = load_digits()
    images = (bunch.images[..., np.newaxis] / 16).astype(np.float32)
    images.setflags(write=False)
    return images, bunch.target.astype(np.int64)


@pytest.fixture(scope="module")
def judge(digits: tuple[Images, Labels]) -> Autoencoder:
    images, labels = digits
    return train_judge(stored(images[:1200]), labels[:1200], True, PARAMS, 0)


@pytest.fixture(scope="module")
def real(judge: Autoencoder, digits: tuple[Images, Labels]) -> RealFeatures:
    images, labels = digits
    return describe(judge, images, labels)


def describe(
    judge: Autoencoder, images: Images, labels: Labels, anomalies: Mask | None = None
) -> RealFeatures:
    train, test = stored(images[:1200]), stored(images[1200:])
    if anomalies is None:
        anomalies = np.zeros(len(images) - 1200, bool)
    return describe_real_images(
        judge, train, labels[:1200], test, labels[1200:], anomalies, PARAMS, 0
    )


@pytest.fixture(scope="module")
def autoencoder() -> Autoencoder:
    params = DenseParams(
        family="dense", widths=(9, 4), activation="selu", output_activation="sigmoid"
    )
    return build(params, (8, 8, 1), seed=0)


class Copies:
    """A decoder that makes the images whose numbers it is given."""

    input_shape = (None, 1)

    def __init__(self, images: Images) -> None:
        self._images = images
        self.output_shape = (None, *images.shape[1:])

    def predict_on_batch(self, codings: np.ndarray) -> Images:
        return self._images[codings[:, 0].astype(int)]


def samples_of(images: Images) -> DecodedCodings:
    """Return images in the place of samples."""
    numbers = np.arange(len(images), dtype=np.float32)[:, np.newaxis]
    return DecodedCodings(numbers, Copies(images))


def measured(images: Images, judge: Autoencoder, real: RealFeatures) -> dict[str, float]:
    return measure_prior_samples(samples_of(images), judge, real)


@pytest.mark.slow
def test_a_judge_of_classes_tells_them_and_is_the_same_for_a_seed(
    judge: Autoencoder, digits: tuple[Images, Labels]
) -> None:
    images, labels = digits

    again = train_judge(stored(images[:1200]), labels[:1200], True, PARAMS, 0)

    assert (judge.predict_on_batch(images[1200:]).argmax(axis=1) == labels[1200:]).mean() > 0.85
    for weight, same in zip(judge.get_weights(), again.get_weights(), strict=True):
        assert weight.tobytes() == same.tobytes()


def test_real_images_in_the_place_of_samples_are_the_best_there_are(
    judge: Autoencoder, real: RealFeatures, digits: tuple[Images, Labels]
) -> None:
    images, _ = digits

    metrics = measured(images[1400:1600], judge, real)

    assert metrics["samples/classes"] == 10
    assert metrics["samples/coverage"] > 0.8
    assert metrics["samples/recall"] > 0.6
    assert metrics["samples/trained_accuracy"] > 0.8
    assert metrics["samples/novelty"] == pytest.approx(1, abs=0.2)
    assert metrics["samples/collapsed"] == 0


def test_training_images_are_the_floor_and_reconstructed_ones_what_a_decoder_can_reach(
    judge: Autoencoder,
    real: RealFeatures,
    autoencoder: Autoencoder,
    digits: tuple[Images, Labels],
) -> None:
    images, _ = digits
    beside = (stored(images[:1200]), judge, real, PARAMS)

    floor = note_real_images(measure_real_images(*beside))
    reconstructed = measure_reconstructed_samples(autoencoder, *beside)

    assert floor["samples_real/novelty"] == 0  # they are those that novelty is measured by
    assert floor["samples_real/classes"] == 10
    assert {key.split("/")[1] for key in floor} == {key.split("/")[1] for key in reconstructed}
    # It is not trained.
    assert reconstructed["samples_reconstructed/frechet"] > 5 * floor["samples_real/frechet"]
    assert reconstructed["samples_reconstructed/collapsed"] == 1


def test_noise_is_told_from_images(
    judge: Autoencoder, real: RealFeatures, digits: tuple[Images, Labels]
) -> None:
    images, _ = digits
    noise = np.random.default_rng(0).random((200, 8, 8, 1), dtype=np.float32)

    of_noise = measured(noise, judge, real)
    of_real = measured(images[1400:1600], judge, real)

    assert of_noise["samples/frechet"] > 5 * of_real["samples/frechet"]
    assert of_noise["samples/precision"] < 0.2


@pytest.mark.parametrize("kind", ["constant", "one class"])
def test_samples_that_have_collapsed_are_said(
    kind: str,
    judge: Autoencoder,
    real: RealFeatures,
    digits: tuple[Images, Labels],
    caplog: pytest.LogCaptureFixture,
) -> None:
    images, labels = digits
    one = images[labels == 3][:1] if kind == "constant" else images[labels == 3]
    samples = np.resize(one, (200, 8, 8, 1))

    with caplog.at_level(logging.WARNING):
        metrics = measured(samples, judge, real)

    assert metrics["samples/collapsed"] == 1
    assert metrics["samples/classes"] == 1
    assert "Samples from the prior have collapsed" in caplog.text


def test_samples_of_a_class_too_many_have_not_collapsed(
    judge: Autoencoder, digits: tuple[Images, Labels]
) -> None:
    images, labels = digits
    threes, fives = images[labels == 3], images[labels == 5]
    known = np.concatenate([labels[:1200], np.resize([3, 5], 597)])
    of_two = np.concatenate(
        [
            images[:1200],
            np.resize(np.stack([threes[:9], fives[:9]], 1).reshape(-1, 8, 8, 1), (597, 8, 8, 1)),
        ]
    )
    samples = np.concatenate([threes[:160], fives[:40]])

    metrics = measured(samples, judge, describe(judge, of_two, known))

    assert metrics["samples/classes"] == 1  # the other has less than half of its share
    assert metrics["samples/collapsed"] == 0


def test_samples_are_compared_with_normal_test_images(
    judge: Autoencoder, digits: tuple[Images, Labels]
) -> None:
    images, labels = digits
    is_anomaly = labels[1200:] != 3

    real = describe(judge, images, labels, is_anomaly)

    assert set(real["test_labels"]) == {3}
    assert len(real["test"]) == len(real["test_points"]) == (~is_anomaly).sum()
    assert len(describe(judge, images, labels, np.ones(597, bool))["test"]) == PARAMS.images


def test_test_images_may_be_of_classes_that_no_training_image_has(
    judge: Autoencoder, digits: tuple[Images, Labels]
) -> None:
    images, labels = digits
    others = labels.copy()
    others[1200:1250] = 42

    metrics = measured(images[1400:1600], judge, describe(judge, images, others))

    assert metrics["samples/classes"] == 10
    assert metrics["samples/trained_accuracy"] < 0.8  # theirs are never told


def test_without_classes_the_judge_is_pca_and_the_keys_are_others(
    digits: tuple[Images, Labels],
) -> None:
    images, labels = digits
    components = train_judge(stored(images[:1200]), labels[:1200], False, PARAMS, 0)
    of_real = describe(components, images, labels)

    metrics = measured(images[1400:1600], components, of_real)

    assert set(metrics) == {
        "samples/collapsed",
        *(
            f"samples/pixels_{name}"
            for name in ("frechet", "precision", "recall", "density", "coverage", "novelty")
        ),
    }
    # Components keep distances.
    features = components.get_layer("features").predict_on_batch(images[:2])
    distance = np.linalg.norm(images[0] - images[1])
    assert np.linalg.norm(features[0] - features[1]) == pytest.approx(distance, rel=0.02)


def test_samples_are_decoded_from_normal_codings_the_same_for_a_seed() -> None:
    model = build(
        GeneratorParams(
            family="generator",
            latent_dim=5,
            widths=(7,),
            activation="relu",
            output_activation="sigmoid",
        ),
        (8, 8, 1),
        seed=0,
    )

    samples, again, others = (sample_prior(model, PARAMS, seed) for seed in (1, 1, 2))

    assert samples.shape == (200, 8, 8, 1)
    assert isinstance(samples, DecodedCodings)
    assert samples.codings.std() == pytest.approx(1, abs=0.1)
    np.testing.assert_array_equal(samples[:], again[:])
    assert not np.array_equal(samples[:], others[:])
    np.testing.assert_allclose(samples[50:60], samples[:][50:60], atol=1e-6)


@pytest.mark.slow
def test_a_mixture_is_drawn_from_and_its_size_is_said(
    autoencoder: Autoencoder,
    judge: Autoencoder,
    real: RealFeatures,
) -> None:
    rng = np.random.default_rng(0)
    codings = rng.normal(5, 1, (400, 4)).astype(np.float32)
    codings[:200] -= 10  # two heaps

    made = sample_mixture(autoencoder, codings[::2], codings[1::2], PARAMS, 0)

    drawn = made["mixture_samples"]
    assert isinstance(drawn, DecodedCodings)
    assert made["mixture_size"] == 5
    assert ((drawn.codings > 0).all(axis=1) | (drawn.codings < 0).all(axis=1)).all()
    metrics = measure_mixture_samples(drawn, 5, judge, real)
    assert metrics["samples_mixture/size"] == 5
    assert all(key.startswith("samples_mixture/") for key in metrics)


@pytest.mark.slow
def test_sheets_have_rows_as_drawn_and_by_class(
    judge: Autoencoder, real: RealFeatures, digits: tuple[Images, Labels]
) -> None:
    images, _ = digits
    samples = samples_of(images[1200:1400])

    sheet = draw_prior_samples(samples, judge, real, NAMES)
    of_mixture = draw_mixture_samples(samples, judge, real, NAMES)
    nearest = draw_nearest(samples, judge, real, images[:1200])

    rows = [axes.get_ylabel() for axes in sheet.axes]
    assert rows == 5 * [""] + [f"seen as digit {label}" for label in range(10)]
    assert sheet.get_suptitle() != of_mixture.get_suptitle()
    assert [axes.get_ylabel() for axes in nearest.axes] == 3 * ["sample", "nearest real"]


def test_a_copied_image_stands_below_its_copy(
    judge: Autoencoder, real: RealFeatures, digits: tuple[Images, Labels]
) -> None:
    images, _ = digits

    figure = draw_nearest(samples_of(images[10:30]), judge, real, images[:1200])

    copy, original, *_ = (axes.images[0].get_array() for axes in figure.axes)
    np.testing.assert_allclose(copy, original, atol=1e-6)
