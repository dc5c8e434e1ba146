"""Reconstruction error, and how much noise denoising removes."""

import numpy as np
from skimage.metrics import structural_similarity

from autoencoder_lab.images.arrays import Errors, Images, ImageSource, batches, require_same_shape

SMALLEST_ERROR = 1e-10  # -100 dB: keeps a perfect reconstruction finite
SMALLEST_PROBABILITY = 1e-7  # as in Keras: keeps the cross-entropy finite


def errors(images: ImageSource, reconstructions: ImageSource) -> tuple[dict[str, float], Errors]:
    """Return `mse`, `bce`, `psnr` and `ssim`, as below, and the squared error of each image.

    Only so many images are in memory as are predicted at once.
    """
    require_same_shape(images=images, reconstructions=reconstructions)
    parts, total_bce, total_ssim = [], 0.0, 0.0
    for batch, reconstructed in zip(batches(images), batches(reconstructions), strict=True):
        parts.append(image_errors(batch, reconstructed))
        total_bce += len(batch) * bce(batch, reconstructed)
        total_ssim += len(batch) * ssim(batch, reconstructed)
    of_each = np.concatenate(parts)
    means = {
        "mse": float(of_each.mean()),
        "bce": total_bce / len(of_each),
        "psnr": _psnr(of_each),
        "ssim": total_ssim / len(of_each),
    }
    return means, of_each


def image_errors(images: Images, reconstructions: Images) -> Errors:
    """Return the squared error of each image (n,), averaged over its pixels.

    Args:
        images, reconstructions: (n, height, width, channels); images in [0, 1].

    Returns:
        0 or more, in squared units of intensity. Lower is better.
    """
    require_same_shape(images=images, reconstructions=reconstructions)
    errors: Errors = np.square(reconstructions - images).mean(axis=(1, 2, 3), dtype=np.float64)
    return errors


def bce(images: Images, reconstructions: Images) -> float:
    """Return the binary cross-entropy in nats, averaged over pixels and images.

    Each pixel is taken as the probability that it is white. Reconstructions are clipped to
    [1e-7, 1 - 1e-7].

    Args:
        images, reconstructions: (n, height, width, channels); images in [0, 1].

    Returns:
        Lower is better. The best possible value is the images' own entropy, which is above 0
        unless every pixel is black or white.
    """
    require_same_shape(images=images, reconstructions=reconstructions)
    white = np.clip(reconstructions, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    entropy = -(images * np.log(white) + (1 - images) * np.log1p(-white))
    return float(entropy.mean(dtype=np.float64))


def psnr(images: Images, reconstructions: Images) -> float:
    """Return the peak signal-to-noise ratio in dB, averaged over the images.

    Args:
        images, reconstructions: (n, height, width, channels); images in [0, 1].

    Returns:
        At most 100. Higher is better; an error of one grey level in 255 gives 48.
    """
    return _psnr(image_errors(images, reconstructions))


def _psnr(errors: Errors) -> float:
    return float(-10 * np.log10(np.maximum(errors, SMALLEST_ERROR)).mean())


def ssim(images: Images, reconstructions: Images) -> float:
    """Return the structural similarity, averaged over windows, channels and images.

    Windows are 7 pixels wide, or as wide as smaller images allow.

    Args:
        images, reconstructions: (n, height, width, channels), at least 3 pixels high and wide;
            images in [0, 1].

    Returns:
        In [-1, 1]. Higher is better; identical images score 1.

    Source: Wang, Bovik, Sheikh and Simoncelli, "Image Quality Assessment: From Error
    Visibility to Structural Similarity", IEEE Transactions on Image Processing 13 (2004).
    """
    require_same_shape(images=images, reconstructions=reconstructions)
    smaller_side = min(images.shape[1:3])
    window = min(7, smaller_side - 1 + smaller_side % 2)
    # A channel is compared on its own and the results averaged, so images can be channels.
    as_channels = (1, 2, 0, 3)
    return float(
        structural_similarity(  # type: ignore[no-untyped-call]
            images.transpose(as_channels).reshape(*images.shape[1:3], -1),
            reconstructions.transpose(as_channels).reshape(*images.shape[1:3], -1),
            win_size=window,
            data_range=1.0,
            channel_axis=-1,
        )
    )


def denoise_psnr_gain(clean: ImageSource, corrupted: ImageSource, denoised: ImageSource) -> float:
    """Return how many decibels denoising brings corrupted images nearer to the clean.

    Args:
        clean, corrupted, denoised: (n, height, width, channels), clean in [0, 1].

    Returns:
        PSNR(denoised) - PSNR(corrupted), averaged over the images, in dB. Higher is better,
        the identity scores 0, and a result worse than its input is negative.
    """
    require_same_shape(clean=clean, corrupted=corrupted, denoised=denoised)
    total = sum(
        len(clean_ones) * (psnr(clean_ones, denoised_ones) - psnr(clean_ones, corrupted_ones))
        for clean_ones, corrupted_ones, denoised_ones in zip(
            batches(clean), batches(corrupted), batches(denoised), strict=True
        )
    )
    return total / len(clean)
