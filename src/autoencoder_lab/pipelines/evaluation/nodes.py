"""Applying a trained variant to the test images, and measuring and drawing what it gives."""

import logging
from collections.abc import Mapping
from itertools import pairwise
from typing import TypedDict

import numpy as np

from autoencoder_lab import seeds
from autoencoder_lab.arrays import (
    PREDICTED_AT_ONCE,
    Autoencoder,
    ClassNames,
    Codings,
    Figure,
    Images,
    Labels,
    Points,
    has_labels,
)
from autoencoder_lab.parameters import EvaluationParams

logger = logging.getLogger(__name__)

WALKS = 6


class Reconstructed(TypedDict):
    """What an autoencoder makes of validation and test images, and of the corrupted views."""

    validation_reconstructions: Images
    reconstructions: Images
    denoised_views: dict[str, Images]


class Encoded(TypedDict):
    """The codings of the splits; those of the test images have the short name."""

    train_codings: Codings
    validation_codings: Codings
    codings: Codings


def reconstruct_images(
    model: Autoencoder,
    validation_images: Images,
    test_images: Images,
    test_views: Mapping[str, Images],
) -> Reconstructed:
    """Reconstruct images (n, height, width, channels), and denoise the corrupted views."""
    validation_reconstructions, reconstructions, *denoised = (
        model.predict(images, batch_size=PREDICTED_AT_ONCE, verbose=0)
        for images in (validation_images, test_images, *test_views.values())
    )
    return Reconstructed(
        validation_reconstructions=validation_reconstructions,
        reconstructions=reconstructions,
        denoised_views=dict(zip(test_views, denoised, strict=True)),
    )


def encode_images(
    model: Autoencoder, train_images: Images, validation_images: Images, test_images: Images
) -> Encoded:
    """Encode images (n, height, width, channels); the codings are flattened to (n, latent_dim)."""
    encoder = model.get_layer("encoder")
    train_codings, validation_codings, codings = (
        encoder.predict(images, batch_size=PREDICTED_AT_ONCE, verbose=0).reshape(len(images), -1)
        for images in (train_images, validation_images, test_images)
    )
    return Encoded(
        train_codings=train_codings, validation_codings=validation_codings, codings=codings
    )


def measure_reconstructions(
    validation_images: Images,
    validation_reconstructions: Images,
    test_images: Images,
    reconstructions: Images,
) -> dict[str, float]:
    """Return the errors of the reconstructions: `validation/…` and `test/…`."""
    from autoencoder_lab.metrics import reconstruction  # scikit-image takes its time

    splits = {
        "validation": (validation_images, validation_reconstructions),
        "test": (test_images, reconstructions),
    }
    return {
        f"{split}/{name}": error
        for split, pair in splits.items()
        for name, error in reconstruction.errors(*pair).items()
    }


def measure_baseline(
    train_images: Images, test_images: Images, codings: Codings, seed: int
) -> dict[str, float]:
    """Return the error of PCA with as many components as the codings have numbers."""
    from autoencoder_lab.metrics import baselines  # scikit-learn takes a second to import

    [pca_seed] = seeds.derive(seed, "PCA")
    error = baselines.pca_mse(
        train_images, test_images, n_components=codings.shape[1], seed=pca_seed
    )
    return {"baseline/pca_mse": error}


def draw_reconstructions(test_images: Images, reconstructions: Images) -> Figure:
    """Return the first test images above their reconstructions."""
    from autoencoder_lab.figures.images import image_rows  # matplotlib takes its time

    return image_rows(
        [("input", test_images), ("reconstruction", reconstructions)],
        title="Test images and their reconstructions",
    )


def draw_errors(test_images: Images, reconstructions: Images) -> Figure:
    """Return how the errors of the test images are distributed, and the worst of them."""
    from autoencoder_lab.figures.errors import error_distribution  # matplotlib takes its time
    from autoencoder_lab.metrics.reconstruction import image_errors

    return error_distribution(
        image_errors(test_images, reconstructions),
        test_images,
        reconstructions,
        title="Reconstruction errors of the test images",
    )


def measure_denoising(
    test_images: Images, test_views: Mapping[str, Images], denoised_views: Mapping[str, Images]
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
    test_images: Images, test_views: Mapping[str, Images], denoised_views: Mapping[str, Images]
) -> Figure:
    """Return the first test images, and for each view them corrupted and denoised."""
    from autoencoder_lab.figures.images import image_rows  # matplotlib takes its time

    rows = [("clean", test_images)]
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
    tsne = TSNE(
        perplexity=min(params.tsne_perplexity, highest),
        init="pca" if mapped.shape[1] > 1 else "random",  # one number has one component
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
    seed: int,
) -> dict[str, float]:
    """Return what the codings say of the classes: `probe/…` and `cluster/…`, where labelled."""
    from autoencoder_lab.metrics import codings as measures  # scikit-learn takes a second

    if not all(map(has_labels, (train_labels, validation_labels, test_labels))):
        logger.warning("Not all images have labels: codings are not measured by classes.")
        return {}
    linear_probe = measures.linear_probe(train_codings, train_labels)
    probed = (train_codings, train_labels, codings, test_labels)
    [cluster_seed] = seeds.derive(seed, "clusters")
    return {
        "validation/linear_accuracy": linear_probe(validation_codings, validation_labels),
        "probe/linear_accuracy": linear_probe(codings, test_labels),
        "probe/knn_accuracy": measures.knn_accuracy(*probed),
        "cluster/nmi": measures.cluster_nmi(codings, test_labels, seed=cluster_seed),
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
    codings_map: Points, test_images: Images, test_labels: Labels, class_names: ClassNames
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
    test_images: Images,
    codings: Codings,
    test_labels: Labels,
    class_names: ClassNames,
) -> Figure:
    """Return what lies between two test images in coding space, decoded step by step.

    Each row goes from one image to another, where labelled of another class.
    """
    from autoencoder_lab.figures.images import COLUMNS, image_rows  # matplotlib takes its time

    _, first_of_each = np.unique(test_labels, return_index=True)
    stops = np.sort(first_of_each) if len(first_of_each) > 1 else np.arange(len(test_images))
    decoder = model.get_layer("decoder")
    steps = np.linspace(0, 1, COLUMNS - 2, dtype=np.float32)[:, np.newaxis]
    rows = []
    for start, end in pairwise(stops[: WALKS + 1]):
        between = (1 - steps) * codings[start] + steps * codings[end]
        decoded = decoder.predict(
            between.reshape(-1, *decoder.input_shape[1:]), batch_size=len(between), verbose=0
        )
        walk = np.concatenate([test_images[[start]], decoded, test_images[[end]]])
        names = [class_names.get(int(test_labels[stop]), "") for stop in (start, end)]
        rows.append((" to ".join(filter(None, names)), walk))
    return image_rows(
        rows, title="Walks between test images, which are at the ends, in coding space"
    )
