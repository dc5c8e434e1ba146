"""Applying a trained variant to the test images, and measuring and drawing what it gives."""

import logging
from collections.abc import Mapping
from typing import TypedDict

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


class Reconstructed(TypedDict):
    """What an autoencoder makes of the test images and their corrupted views."""

    reconstructions: Images
    denoised_views: dict[str, Images]


class Encoded(TypedDict):
    """The codings of the training and the test images."""

    train_codings: Codings
    codings: Codings


def reconstruct_images(
    model: Autoencoder, test_images: Images, test_views: Mapping[str, Images]
) -> Reconstructed:
    """Reconstruct the test images (n, height, width, channels), and denoise their views."""
    reconstructions, *denoised = (
        model.predict(images, batch_size=PREDICTED_AT_ONCE, verbose=0)
        for images in (test_images, *test_views.values())
    )
    return Reconstructed(
        reconstructions=reconstructions,
        denoised_views=dict(zip(test_views, denoised, strict=True)),
    )


def encode_images(model: Autoencoder, train_images: Images, test_images: Images) -> Encoded:
    """Encode images (n, height, width, channels); the codings are flattened to (n, latent_dim)."""
    encoder = model.get_layer("encoder")
    train_codings, codings = (
        encoder.predict(images, batch_size=PREDICTED_AT_ONCE, verbose=0).reshape(len(images), -1)
        for images in (train_images, test_images)
    )
    return Encoded(train_codings=train_codings, codings=codings)


def measure_reconstructions(test_images: Images, reconstructions: Images) -> dict[str, float]:
    """Return the errors of the reconstructions: `test/…`."""
    from autoencoder_lab.metrics import reconstruction  # scikit-image takes its time

    return {
        "test/mse": reconstruction.mse(test_images, reconstructions),
        "test/bce": reconstruction.bce(test_images, reconstructions),
        "test/psnr": reconstruction.psnr(test_images, reconstructions),
        "test/ssim": reconstruction.ssim(test_images, reconstructions),
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
    tsne = TSNE(
        perplexity=min(params.tsne_perplexity, (len(mapped) - 1) / 3),
        init="pca" if mapped.shape[1] > 1 else "random",  # one number has one component
        random_state=tsne_seed,
    )
    points: Points = tsne.fit_transform(mapped)
    return points


def measure_codings(
    train_codings: Codings, train_labels: Labels, codings: Codings, test_labels: Labels, seed: int
) -> dict[str, float]:
    """Return what the codings say of the classes: `probe/…` and `cluster/…`, where labelled."""
    from autoencoder_lab.metrics import codings as measures  # scikit-learn takes a second

    if not (has_labels(train_labels) and has_labels(test_labels)):
        logger.warning("Not all images have labels: codings are not measured by classes.")
        return {}
    probed = (train_codings, train_labels, codings, test_labels)
    [cluster_seed] = seeds.derive(seed, "clusters")
    return {
        "probe/linear_accuracy": measures.linear_accuracy(*probed),
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


def draw_map(codings_map: Points, test_labels: Labels, class_names: ClassNames) -> Figure:
    """Return the mapped test images, coloured by class where labelled."""
    from autoencoder_lab.figures import maps  # matplotlib takes its time

    return maps.codings_map(
        codings_map,
        test_labels[: len(codings_map)],
        class_names,
        title="t-SNE of the test images' codings",
    )
