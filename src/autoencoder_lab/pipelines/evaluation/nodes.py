"""Applying a trained variant to the test images, and measuring and drawing what it gives."""

import logging
from collections.abc import Mapping
from itertools import pairwise
from typing import TypedDict

import numpy as np

from autoencoder_lab.images import seeds
from autoencoder_lab.images.arrays import (
    Autoencoder,
    ClassNames,
    Codings,
    Errors,
    Figure,
    ImageSource,
    Labels,
    Mask,
    Points,
    RawImages,
    batches,
    has_labels,
)
from autoencoder_lab.images.samples import SAMPLE
from autoencoder_lab.images.sources import DecodedCodings, Reconstructions, StoredImages, encode
from autoencoder_lab.parameters import EvaluationParams

logger = logging.getLogger(__name__)

OUTERMOST = (1, 99)
"""Percentiles of the codings, between which their plane is drawn."""

WALKS = 6

LIKELY_SAMPLE = 10_000
"""Test images, the first, whose likelihood is measured: all of MNIST's."""

DRAWS = 100
"""Codings of each, by which it is."""

LEAST_SPREAD = 1e-15
"""Of a number in the codings; they are equal where all numbers differ by less."""


class Reconstructed(TypedDict):
    """What an autoencoder makes of validation and test images, and of the corrupted views."""

    validation_reconstructions: ImageSource
    reconstructions: ImageSource
    denoised_views: dict[str, ImageSource]


class Measured(TypedDict):
    """The errors of the reconstructions: over each split, and of each test image."""

    reconstruction_metrics: dict[str, float]
    test_errors: Errors


class Encoded(TypedDict):
    """The codings of the splits' first images; those of the test images have the short name."""

    train_codings: Codings
    validation_codings: Codings
    codings: Codings


def reconstruct_images(
    model: Autoencoder,
    validation_images: ImageSource,
    test_images: ImageSource,
    test_views: Mapping[str, ImageSource],
) -> Reconstructed:
    """Return reconstructions of images (n, height, width, channels), and views, denoised.

    They are made as they are read.
    """
    return Reconstructed(
        validation_reconstructions=Reconstructions(validation_images, model),
        reconstructions=Reconstructions(test_images, model),
        denoised_views={name: Reconstructions(view, model) for name, view in test_views.items()},
    )


def encode_images(
    model: Autoencoder,
    train_images: StoredImages,
    validation_images: StoredImages,
    test_images: StoredImages,
) -> Encoded:
    """Return the codings (n, latent_dim), flattened, of the first images of each split.

    They are `SAMPLE` at most, and the splits' orders random: what needs all codings at once is
    measured on a fair part of them.
    """
    encoder = model.get_layer("encoder")
    train_codings, validation_codings, codings = (
        encode(encoder, images.first(SAMPLE))
        for images in (train_images, validation_images, test_images)
    )
    return Encoded(
        train_codings=train_codings, validation_codings=validation_codings, codings=codings
    )


def measure_reconstructions(
    validation_images: ImageSource,
    validation_reconstructions: ImageSource,
    test_images: ImageSource,
    reconstructions: ImageSource,
) -> Measured:
    """Return the errors of the reconstructions, `validation/…` and `test/…`, and of each image."""
    from autoencoder_lab.metrics import reconstruction  # scikit-image takes its time

    of_validation, _ = reconstruction.errors(validation_images, validation_reconstructions)
    of_test, test_errors = reconstruction.errors(test_images, reconstructions)
    return Measured(
        reconstruction_metrics={
            **{f"validation/{name}": error for name, error in of_validation.items()},
            **{f"test/{name}": error for name, error in of_test.items()},
        },
        test_errors=test_errors,
    )


def measure_baseline(
    train_images: StoredImages, test_images: ImageSource, codings: Codings, seed: int
) -> dict[str, float]:
    """Return the error of PCA with as many components as the codings have numbers."""
    from autoencoder_lab.metrics import baselines  # scikit-learn takes a second to import

    [pca_seed] = seeds.derive(seed, "PCA")
    error = baselines.pca_mse(
        train_images, test_images, n_components=codings.shape[1], seed=pca_seed
    )
    return {"baseline/pca_mse": error}


def measure_classifier(
    model: Autoencoder,
    train_labels: Labels,
    validation_images: ImageSource,
    validation_labels: Labels,
    test_images: ImageSource,
    test_labels: Labels,
) -> dict[str, float]:
    """Return the share of test images whose class a classifier tells, and of validation images.

    `semi/accuracy` and `validation/semi_accuracy`. The classifier gives the training images'
    classes, in their order.
    """
    classes = np.unique(train_labels)

    def accuracy(images: ImageSource, labels: Labels) -> float:
        likely = [model.predict_on_batch(batch).argmax(axis=1) for batch in batches(images)]
        return float((classes[np.concatenate(likely)] == labels).mean())

    return {
        "semi/accuracy": accuracy(test_images, test_labels),
        "validation/semi_accuracy": accuracy(validation_images, validation_labels),
    }


def measure_likelihood(
    model: Autoencoder,
    log_variance: Autoencoder,
    test_images: StoredImages,
    split_seed: int,
    seed: int,
) -> dict[str, float]:
    """Return bounds of the first test images' log-likelihood, `test/…`, and the active units.

    Bounds are of grey images: pixels are drawn black or white, the same for all seeds and variants.
    """
    from autoencoder_lab.metrics import likelihood  # SciPy takes its time
    from autoencoder_lab.training.variational import MOST_LOG_VARIANCE

    images = test_images.first(LIKELY_SAMPLE)
    means = encode(model.get_layer("encoder"), images)
    metrics: dict[str, float] = {"codings/active_units": likelihood.active_units(means)}
    if images.shape[-1] > 1:
        return metrics
    [binary_seed] = seeds.derive(split_seed, "black and white test images")
    [coding_seed] = seeds.derive(seed, "likelihood")
    binary = likelihood.binarise(images[:], seed=binary_seed)
    bounds = likelihood.likelihood(
        binary,
        encode(model.get_layer("encoder"), binary),
        encode(log_variance, binary).clip(-MOST_LOG_VARIANCE, MOST_LOG_VARIANCE),
        model.get_layer("decoder").predict_on_batch,
        n_draws=DRAWS,
        seed=coding_seed,
    )
    return metrics | {f"test/{name}": bound for name, bound in bounds.items()}


def draw_reconstructions(test_images: ImageSource, reconstructions: ImageSource) -> Figure:
    """Return the first test images above their reconstructions."""
    from autoencoder_lab.figures.images import image_rows  # matplotlib takes its time

    return image_rows(
        [("input", test_images), ("reconstruction", reconstructions)],
        title="Test images and their reconstructions",
    )


def measure_anomalies(test_errors: Errors, test_anomalies: Mask) -> dict[str, float]:
    """Return how well the error of a reconstruction tells anomalies: `anomaly/…`, where any are."""
    from autoencoder_lab.metrics import anomalies  # scikit-learn takes a second

    return anomalies.detection(test_errors, test_anomalies) if test_anomalies.any() else {}


def draw_errors(
    test_errors: Errors,
    test_anomalies: Mask,
    test_images: ImageSource,
    reconstructions: ImageSource,
) -> Figure:
    """Return how the errors of the test images are distributed, and the least and most normal.

    Where there are anomalies, they are told from other images.
    """
    from autoencoder_lab.figures.errors import error_distribution  # matplotlib takes its time

    return error_distribution(
        test_errors,
        test_anomalies,
        test_images,
        reconstructions,
        title="Reconstruction errors of the test images",
    )


def measure_denoising(
    test_images: ImageSource,
    test_views: Mapping[str, ImageSource],
    denoised_views: Mapping[str, ImageSource],
) -> dict[str, float]:
    """Return the noise removed from each view: `denoise/<view>/psnr_gain`, in dB."""
    from autoencoder_lab.metrics import reconstruction  # scikit-image takes its time

    return {
        f"denoise/{name}/psnr_gain": reconstruction.denoise_psnr_gain(
            test_images, test_views[name], denoised
        )
        for name, denoised in denoised_views.items()
    }


def draw_denoising(
    test_images: ImageSource,
    test_views: Mapping[str, ImageSource],
    denoised_views: Mapping[str, ImageSource],
) -> Figure:
    """Return the first test images, and for each view them corrupted and denoised."""
    from autoencoder_lab.figures.images import image_rows  # matplotlib takes its time

    rows: list[tuple[str, ImageSource]] = [("clean", test_images)]
    for name, denoised in denoised_views.items():
        rows += [(name, test_views[name]), ("denoised", denoised)]
    return image_rows(rows, title="Corrupted test images, denoised")


def map_codings(codings: Codings, params: EvaluationParams, seed: int) -> Points:
    """Return the first codings on a plane (n, 2), by t-SNE.

    The perplexity is at most a third of the other codings, where there are few.

    Source: van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 9 (2008).
    """
    from sklearn.manifold import TSNE  # takes a second to import

    [tsne_seed] = seeds.derive(seed, "t-SNE")
    mapped = codings[: params.tsne_images]
    highest = (len(mapped) - 1) / 3
    if params.tsne_perplexity > highest:
        logger.warning(
            "t-SNE's perplexity is %.1f, not %g: there are %d images to map.",
            highest,
            params.tsne_perplexity,
            len(mapped),
        )
    # One number has one component; and of codings that are equal, scikit-learn divides the first by
    # 0 and crashes: https://github.com/scikit-learn/scikit-learn/issues/28368
    has_components = mapped.shape[1] > 1 and np.ptp(mapped, axis=0).max() > LEAST_SPREAD
    tsne = TSNE(
        perplexity=min(params.tsne_perplexity, highest),
        init="pca" if has_components else "random",
        random_state=tsne_seed,
    )
    points: Points = tsne.fit_transform(mapped)
    return points


def measure_codings(
    train_codings: Codings,
    train_labels: Labels,
    validation_codings: Codings,
    validation_labels: Labels,
    codings: Codings,
    test_labels: Labels,
    has_classes: bool,
    seed: int,
) -> dict[str, float]:
    """Return what the codings say of the classes: `probe/…` and `cluster/…`, where labelled.

    Of the labels, only those of the encoded images are used: the first.
    """
    from autoencoder_lab.metrics import codings as measures  # scikit-learn takes a second

    if not has_classes:
        logger.warning("There are no labels, or not of two classes: codings are not probed.")
        return {}
    of_training = train_labels[: len(train_codings)]
    of_validation = validation_labels[: len(validation_codings)]
    of_test = test_labels[: len(codings)]
    linear_probe = measures.linear_probe(train_codings, of_training)
    probed = (train_codings, of_training, codings, of_test)
    [cluster_seed] = seeds.derive(seed, "clusters")
    return {
        "validation/linear_accuracy": linear_probe(validation_codings, of_validation),
        "probe/linear_accuracy": linear_probe(codings, of_test),
        "probe/knn_accuracy": measures.knn_accuracy(*probed),
        "cluster/nmi": measures.cluster_nmi(codings, of_test, seed=cluster_seed),
    }


def measure_map(codings: Codings, codings_map: Points, test_labels: Labels) -> dict[str, float]:
    """Return how well the map keeps neighbourhoods and, where labelled, classes: `tsne/…`."""
    from autoencoder_lab.metrics import maps  # scikit-learn takes a second to import

    n_mapped = len(codings_map)
    metrics = {"tsne/trustworthiness": maps.tsne_trustworthiness(codings[:n_mapped], codings_map)}
    if has_labels(test_labels):
        metrics["tsne/knn_accuracy"] = maps.tsne_knn_accuracy(codings_map, test_labels[:n_mapped])
    return metrics


def draw_map(
    codings_map: Points, test_images: ImageSource, test_labels: Labels, class_names: ClassNames
) -> Figure:
    """Return the mapped test images, some of them drawn, coloured by class where labelled."""
    from autoencoder_lab.figures import maps  # matplotlib takes its time

    n_mapped = len(codings_map)
    return maps.codings_map(
        codings_map,
        test_images[:n_mapped],
        test_labels[:n_mapped],
        class_names,
        title="t-SNE of the test images' codings",
    )


def draw_map_page(
    codings_map: Points,
    raw_images: RawImages,
    test_images: StoredImages,
    test_labels: Labels,
    class_names: ClassNames,
) -> str:
    """Return a page of HTML with the mapped test images, which shows them and finds their names."""
    from autoencoder_lab.figures.map_page import map_page  # Bokeh takes its time

    n_mapped = len(codings_map)
    return map_page(
        codings_map,
        test_images[:n_mapped],
        test_labels[:n_mapped],
        class_names,
        raw_images.image_names("test", test_images.rows[:n_mapped]),
        title="t-SNE of the test images' codings",
    )


def draw_filters(model: Autoencoder) -> Figure:
    """Return what the units of the encoder's first layer look for."""
    from autoencoder_lab.figures.filters import filter_grid  # matplotlib and Keras take their time
    from autoencoder_lab.models.filters import first_layer_filters

    weights = first_layer_filters(model.get_layer("encoder"))
    return filter_grid(weights, title="Filters of the first layer")


def draw_activity(codings: Codings) -> Figure:
    """Return how the codings of the test images use their units."""
    from autoencoder_lab.figures.activity import codings_activity  # matplotlib takes its time

    return codings_activity(codings, title="Codings of the test images")


def draw_walk(
    model: Autoencoder,
    test_images: ImageSource,
    codings: Codings,
    test_labels: Labels,
    class_names: ClassNames,
) -> Figure:
    """Return what lies between two test images in coding space, decoded step by step.

    Each row goes from one image to another, where labelled of another class. Codings of two numbers
    are points of a plane, which is shown as a whole.
    """
    from autoencoder_lab.figures.images import COLUMNS, image_rows  # matplotlib takes its time

    if codings.shape[1] == 2:
        return _draw_plane(model.get_layer("decoder"), codings)
    _, first_of_each = np.unique(test_labels[: len(codings)], return_index=True)
    stops = np.sort(first_of_each) if len(first_of_each) > 1 else np.arange(len(codings))
    decoder = model.get_layer("decoder")
    steps = np.linspace(0, 1, COLUMNS - 2, dtype=np.float32)[:, np.newaxis]
    rows = []
    for start, end in pairwise(stops[: WALKS + 1]):
        between = (1 - steps) * codings[start] + steps * codings[end]
        decoded = DecodedCodings(between, decoder)[:]
        first, last = test_images[np.array([start, end])]
        walk = np.concatenate([first[np.newaxis], decoded, last[np.newaxis]])
        names = [class_names.get(int(test_labels[stop]), "") for stop in (start, end)]
        rows.append((" to ".join(filter(None, names)), walk))
    return image_rows(
        rows, title="Walks between test images, which are at the ends, in coding space"
    )


def _draw_plane(decoder: Autoencoder, codings: Codings) -> Figure:
    """Return what a grid of points decodes to, that spans nearly all codings (n, 2)."""
    from autoencoder_lab.figures.images import COLUMNS, image_rows  # matplotlib takes its time

    low, high = np.percentile(codings, OUTERMOST, axis=0)
    across, upwards = np.linspace(low, high, COLUMNS, dtype=np.float32).T
    rows: list[tuple[str, ImageSource]] = []
    for second in upwards[::-1]:
        points = np.stack([across, np.full_like(across, second)], axis=1)
        rows.append((f"{second:z.2g}", DecodedCodings(points, decoder)))
    title = f"The plane of codings, decoded: {across[0]:.2g} to {across[-1]:.2g} from left to right"
    return image_rows(rows, title=title)
