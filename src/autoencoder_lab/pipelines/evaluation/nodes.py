"""Applying a trained variant to the test images, and measuring and drawing what it gives."""

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
)
from autoencoder_lab.parameters import EvaluationParams


class Applied(TypedDict):
    """What an autoencoder makes of the test images and their corrupted views."""

    reconstructions: Images
    denoised_views: dict[str, Images]
    codings: Codings


def apply_autoencoder(
    model: Autoencoder, test_images: Images, test_views: Mapping[str, Images]
) -> Applied:
    """Encode and reconstruct the test images, and denoise their corrupted views.

    Images are (n, height, width, channels); codings are flattened to (n, latent_dim).
    """
    codings = model.get_layer("encoder").predict(
        test_images, batch_size=PREDICTED_AT_ONCE, verbose=0
    )
    return Applied(
        reconstructions=model.get_layer("decoder").predict(
            codings, batch_size=PREDICTED_AT_ONCE, verbose=0
        ),
        denoised_views={
            name: model.predict(view, batch_size=PREDICTED_AT_ONCE, verbose=0)
            for name, view in test_views.items()
        },
        codings=codings.reshape(len(codings), -1),
    )


def measure_reconstructions(test_images: Images, reconstructions: Images) -> dict[str, float]:
    """Return the errors of the reconstructions: `test/…`."""
    from autoencoder_lab.metrics import reconstruction  # scikit-image takes its time

    return {
        "test/mse": reconstruction.mse(test_images, reconstructions),
        "test/bce": reconstruction.bce(test_images, reconstructions),
        "test/psnr": reconstruction.psnr(test_images, reconstructions),
        "test/ssim": reconstruction.ssim(test_images, reconstructions),
    }


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


def measure_map(codings: Codings, codings_map: Points) -> dict[str, float]:
    """Return how well the map keeps the neighbourhoods of the codings: `tsne/…`."""
    from autoencoder_lab.metrics import maps  # scikit-learn takes a second to import

    return {
        "tsne/trustworthiness": maps.tsne_trustworthiness(codings[: len(codings_map)], codings_map)
    }


def draw_map(codings_map: Points, test_labels: Labels, class_names: ClassNames) -> Figure:
    """Return the mapped test images, coloured by class where labelled."""
    from autoencoder_lab.figures import maps  # matplotlib takes its time

    return maps.codings_map(
        codings_map,
        test_labels[: len(codings_map)],
        class_names,
        title="t-SNE of the test images' codings",
    )
