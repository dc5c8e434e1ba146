"""Drawing images from a trained variant, and measuring how they compare with real ones."""

import logging
from collections.abc import Mapping
from typing import NotRequired, TypedDict

import numpy as np
import numpy.typing as npt

from autoencoder_lab.images import seeds
from autoencoder_lab.images.arrays import (
    SMALLEST_SPLIT,
    Autoencoder,
    ClassNames,
    Codings,
    Figure,
    ImageSource,
    Labels,
    Mask,
    batches,
)
from autoencoder_lab.images.samples import SAMPLE
from autoencoder_lab.images.sources import (
    DecodedCodings,
    Reconstructions,
    StoredImages,
    draw_from_prior,
    encode,
)
from autoencoder_lab.parameters import SamplesParams

logger = logging.getLogger(__name__)

Features = npt.NDArray[np.float32]

N_NOVEL = 2000
"""Samples, and test images, whose nearest training images are looked for."""

PRIOR = "Samples from the prior"
MIXTURE = "Samples from a mixture fitted to the codings"

LOOKED_THROUGH = 1000
"""Samples among which those of each class are looked for."""

DRAWN_ROWS = 5
CLASS_ROWS = 10
NEAREST_ROWS = 3

LEAST_SPREAD = 0.1
"""Of the samples' pixels, beside that of real ones: with less, all samples are the same."""

MOST_OF_ONE_CLASS = 0.85
"""The share of samples from which on they count as of one class: a judge errs, too."""


class RealFeatures(TypedDict):
    """What the judge sees in real images: (n, numbers), of the first training and test images.

    `pixel_spread` is that of the test images' pixels. Where there are classes, `classes` are those
    of the training images, in the judge's order, and `test_labels` the test images'; `test_points`
    are principal components of their pixels, of which `point_mean` and `point_components` are the
    rest.
    """

    train: Features
    test: Features
    pixel_spread: Features
    classes: NotRequired[Labels]
    test_labels: NotRequired[Labels]
    test_points: NotRequired[Features]
    point_mean: NotRequired[Features]
    point_components: NotRequired[Features]


class MixtureSamples(TypedDict):
    """Images of codings that a mixture gives, and how many distributions it has."""

    mixture_samples: ImageSource
    mixture_size: int


def train_judge(
    train_images: StoredImages,
    train_labels: Labels,
    has_classes: bool,
    params: SamplesParams,
    split_seed: int,
) -> Autoencoder:
    """Return what images are described by: a model whose layer `features` they are put through.

    Where there are classes, it is a classifier of the training images, and its layer `classes`
    comes after. It is the same for all seeds: values by two judges do not compare.
    """
    from autoencoder_lab.training import judges  # Keras takes seconds to import

    [seed] = seeds.derive(split_seed, "judge")
    if not has_classes:
        components: Autoencoder = judges.principal_components(train_images, seed=seed)
        return components
    classifier: Autoencoder = judges.fit_classifier(
        train_images, train_labels, n_epochs=params.judge_epochs, seed=seed
    )
    return classifier


def describe_real_images(
    judge: Autoencoder,
    train_images: StoredImages,
    train_labels: Labels,
    test_images: StoredImages,
    test_labels: Labels,
    test_anomalies: Mask,
    params: SamplesParams,
    split_seed: int,
) -> RealFeatures:
    """Return the features of the first training images and of as many test images as samples.

    Anomalies among these are left out: samples are to be like what was trained on.
    """
    from autoencoder_lab.metrics.baselines import fit_pca  # scikit-learn takes a second
    from autoencoder_lab.training.judges import N_COMPONENTS

    features = judge.get_layer("features")
    [usual] = np.nonzero(~test_anomalies)
    if len(usual) < SMALLEST_SPLIT:  # a test split of anomalies alone
        usual = np.arange(len(test_images))
    usual = usual[: params.images]
    test = test_images.take(usual)
    pixels = test[:].reshape(len(test), -1)
    described = RealFeatures(
        train=encode(features, train_images.first(SAMPLE)),
        test=encode(features, test),
        pixel_spread=pixels.std(axis=0).mean(keepdims=True),
    )
    if _tells_classes(judge):
        [seed] = seeds.derive(split_seed, "points")
        pca = fit_pca(train_images, n_components=N_COMPONENTS, seed=seed)
        mean, components = (part.astype(np.float32) for part in (pca.mean_, pca.components_))
        described["classes"] = np.unique(train_labels)
        described["test_labels"] = test_labels[usual]
        described["test_points"] = (pixels - mean) @ components.T
        described["point_mean"], described["point_components"] = mean, components
    return described


def _tells_classes(judge: Autoencoder) -> bool:
    return len(judge.layers) > 1


def measure_real_images(
    train_images: StoredImages,
    judge: Autoencoder,
    real_features: RealFeatures,
    params: SamplesParams,
) -> dict[str, float]:
    """Return how training images, in the place of samples, compare with test images."""
    images = train_images.first(params.images)
    return _measure(images, judge, real_features)


def note_real_images(real_samples: Mapping[str, float]) -> dict[str, float]:
    """Return what real images reach, under the keys of a run: `samples_real/…`."""
    return {f"samples_real/{name}": value for name, value in real_samples.items()}


def measure_reconstructed_samples(
    model: Autoencoder,
    train_images: StoredImages,
    judge: Autoencoder,
    real_features: RealFeatures,
    params: SamplesParams,
) -> dict[str, float]:
    """Return how reconstructed training images compare with test images, as samples do.

    `samples_reconstructed/…`: what a decoder can be expected to reach, if codings are drawn well.
    """
    images = Reconstructions(train_images.first(params.images), model)
    measured = _measure(images, judge, real_features)
    return {f"samples_reconstructed/{name}": value for name, value in measured.items()}


def sample_prior(model: Autoencoder, params: SamplesParams, seed: int) -> ImageSource:
    """Return the images of codings drawn from the model's own prior, a standard normal one."""
    [prior_seed] = seeds.derive(seed, "samples from the prior")
    return draw_from_prior(model.get_layer("decoder"), params.images, seed=prior_seed)


def sample_mixture(
    model: Autoencoder,
    train_codings: Codings,
    validation_codings: Codings,
    params: SamplesParams,
    seed: int,
) -> MixtureSamples:
    """Return the images of codings drawn from a mixture that is fitted to the training codings."""
    from autoencoder_lab.training.mixtures import fit_mixture  # scikit-learn takes a second

    mixture_seed, draw_seed = seeds.derive(seed, "mixture of codings", 2)
    mixture = fit_mixture(
        train_codings, validation_codings, sizes=params.mixtures, seed=mixture_seed
    )
    codings = mixture.draw(params.images, seed=draw_seed)
    return MixtureSamples(
        mixture_samples=DecodedCodings(codings, model.get_layer("decoder")),
        mixture_size=mixture.n_components,
    )


def measure_prior_samples(
    samples: ImageSource,
    judge: Autoencoder,
    real_features: RealFeatures,
) -> dict[str, float]:
    """Return how samples from the prior compare with test images: `samples/…`."""
    measured = _measure(samples, judge, real_features)
    _warn_of_collapse(measured, PRIOR)
    return {f"samples/{name}": value for name, value in measured.items()}


def measure_mixture_samples(
    mixture_samples: ImageSource,
    mixture_size: int,
    judge: Autoencoder,
    real_features: RealFeatures,
) -> dict[str, float]:
    """Return how samples from the mixture compare with test images: `samples_mixture/…`."""
    measured = _measure(mixture_samples, judge, real_features)
    _warn_of_collapse(measured, MIXTURE)
    measured["size"] = mixture_size
    return {f"samples_mixture/{name}": value for name, value in measured.items()}


def _measure(
    samples: ImageSource,
    judge: Autoencoder,
    real_features: RealFeatures,
) -> dict[str, float]:
    from autoencoder_lab.metrics import samples as measures  # scikit-learn takes a second

    train, test = real_features["train"], real_features["test"]
    images = samples[:]
    features = encode(judge.get_layer("features"), images)
    values = {
        "frechet": measures.frechet_distance(test, features),
        **measures.manifold_metrics(test, features),
        "novelty": measures.novelty(train, test[:N_NOVEL], features[:N_NOVEL]),
    }
    pixels = images.reshape(len(images), -1)
    [real_spread] = real_features["pixel_spread"].tolist()
    is_collapsed = bool(pixels.std(axis=0).mean() < LEAST_SPREAD * real_spread)
    if _tells_classes(judge):
        probabilities = judge.get_layer("classes").predict_on_batch(features)
        likeliest = probabilities.argmax(axis=1)
        classes, of_test = real_features["classes"], real_features["test_labels"]
        known = of_test[np.isin(of_test, classes)]  # some may be of no training image's class
        values |= measures.class_metrics(probabilities, np.searchsorted(classes, known))
        centred: Features = pixels - real_features["point_mean"]
        points: Features = centred @ real_features["point_components"].T
        values["trained_accuracy"] = measures.trained_accuracy(
            points, classes[likeliest], real_features["test_points"], of_test
        )
        shares = np.bincount(likeliest) / len(images)
        is_of_one = values["classes"] <= 1 and bool(shares.max() >= MOST_OF_ONE_CLASS)
        is_collapsed |= is_of_one and len(np.unique(known)) > 1
    else:  # of other features, and so of keys of their own
        values = {f"pixels_{name}": value for name, value in values.items()}
    return {**values, "collapsed": float(is_collapsed)}


def _warn_of_collapse(measured: Mapping[str, float], title: str) -> None:
    if measured["collapsed"]:
        logger.warning("%s have collapsed: they are all the same, or of one class.", title)


def draw_prior_samples(
    samples: ImageSource, judge: Autoencoder, real_features: RealFeatures, class_names: ClassNames
) -> Figure:
    """Return samples from the prior: the first and, where there are classes, some of each."""
    return _sheet(samples, judge, real_features, class_names, PRIOR)


def draw_mixture_samples(
    mixture_samples: ImageSource,
    judge: Autoencoder,
    real_features: RealFeatures,
    class_names: ClassNames,
) -> Figure:
    """Return samples from the mixture: the first and, where there are classes, some of each."""
    return _sheet(mixture_samples, judge, real_features, class_names, MIXTURE)


def _sheet(
    samples: ImageSource,
    judge: Autoencoder,
    real_features: RealFeatures,
    class_names: ClassNames,
    title: str,
) -> Figure:
    from autoencoder_lab.figures.images import COLUMNS, image_rows  # matplotlib takes its time

    shown = samples[:LOOKED_THROUGH]
    starts = range(0, min(len(shown), DRAWN_ROWS * COLUMNS), COLUMNS)
    rows: list[tuple[str, ImageSource]] = [("", shown[start : start + COLUMNS]) for start in starts]
    if _tells_classes(judge):
        probabilities = np.concatenate([judge.predict_on_batch(batch) for batch in batches(shown)])
        seen = real_features["classes"][probabilities.argmax(axis=1)]
        for label in np.unique(seen)[:CLASS_ROWS]:
            rows.append((f"seen as {class_names[label]}", shown[seen == label][:COLUMNS]))
    return image_rows(rows, title=title)


def draw_nearest(
    samples: ImageSource,
    judge: Autoencoder,
    real_features: RealFeatures,
    train_images: ImageSource,
) -> Figure:
    """Return samples above the training images that are nearest to them, to the judge."""
    from autoencoder_lab.figures.images import COLUMNS, image_rows  # matplotlib takes its time
    from autoencoder_lab.metrics.samples import nearest  # scikit-learn takes a second

    shown = samples[: NEAREST_ROWS * COLUMNS]
    features = encode(judge.get_layer("features"), shown)
    _, places = nearest(features, real_features["train"])
    originals = train_images[places]
    rows: list[tuple[str, ImageSource]] = []
    for start in range(0, len(shown), COLUMNS):
        stop = start + COLUMNS
        rows += [("sample", shown[start:stop]), ("nearest real", originals[start:stop])]
    return image_rows(rows, title="Samples, and the training images nearest to them")
