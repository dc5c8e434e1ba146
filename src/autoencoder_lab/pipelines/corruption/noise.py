"""Noise on images in memory, drawn from an explicit seed."""

import numpy as np

from autoencoder_lab.arrays import Images


def add_gaussian_noise(images: Images, *, stddev: float, seed: int) -> Images:
    """Return images plus normal noise on every channel, clipped to [0, 1]."""
    noise = np.random.default_rng(seed).standard_normal(images.shape, dtype=np.float32)
    return np.clip(images + np.float32(stddev) * noise, 0, 1)


def switch_off_pixels(images: Images, *, rate: float, seed: int) -> Images:
    """Return images with a share `rate` of their pixels set to 0, all channels together."""
    pixels = (*images.shape[:3], 1)
    kept = np.random.default_rng(seed).random(pixels, dtype=np.float32) >= rate
    return images * kept
