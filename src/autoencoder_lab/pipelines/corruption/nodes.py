"""Corrupted views of the test images."""

from collections.abc import Mapping
from typing import assert_never

from autoencoder_lab import seeds
from autoencoder_lab.arrays import Figure, Images
from autoencoder_lab.parameters import (
    CorruptionParams,
    GaussianNoiseParams,
    MaskNoiseParams,
)

from .noise import add_gaussian_noise, switch_off_pixels


def corrupt_images(test_images: Images, params: CorruptionParams, seed: int) -> dict[str, Images]:
    """Return a corrupted copy of the images for each kind of noise, by the view's name.

    All are (n, height, width, channels) in [0, 1]. The same seed draws the same noise.
    """
    return {
        noise.view: _corrupt(test_images, noise, seeds.derive(seed, noise.view)[0])
        for noise in params.noises
    }


def draw_views(test_images: Images, test_views: Mapping[str, Images]) -> Figure:
    """Return the first test images above their corrupted views."""
    from autoencoder_lab.figures.images import image_rows  # matplotlib takes its time

    return image_rows([("clean", test_images), *test_views.items()], title="Corrupted test images")


def _corrupt(images: Images, noise: GaussianNoiseParams | MaskNoiseParams, seed: int) -> Images:
    match noise:
        case GaussianNoiseParams(stddev=stddev):
            return add_gaussian_noise(images, stddev=stddev, seed=seed)
        case MaskNoiseParams(rate=rate):
            return switch_off_pixels(images, rate=rate, seed=seed)
        case _:
            assert_never(noise)
