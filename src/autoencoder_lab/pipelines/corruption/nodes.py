"""Corrupted views of the test images."""

from collections.abc import Mapping

from autoencoder_lab.images import seeds
from autoencoder_lab.images.arrays import Figure, ImageSource
from autoencoder_lab.parameters import CorruptionParams


def corrupt_images(
    test_images: ImageSource, params: CorruptionParams, seed: int
) -> dict[str, ImageSource]:
    """Return a corrupted view of the images for each kind of noise, by the view's name.

    All are (n, height, width, channels) in [0, 1]. The same seed draws the same noise.
    """
    from autoencoder_lab.images.corruptions import CorruptedImages  # TensorFlow takes seconds

    return {
        noise.view: CorruptedImages(test_images, noise, *seeds.derive(seed, noise.view))
        for noise in params.noises
    }


def draw_views(test_images: ImageSource, test_views: Mapping[str, ImageSource]) -> Figure:
    """Return the first test images above their corrupted views."""
    from autoencoder_lab.figures.images import image_rows  # matplotlib takes its time

    return image_rows([("clean", test_images), *test_views.items()], title="Corrupted test images")
