from collections.abc import Callable

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from autoencoder_lab.images.arrays import Images
from autoencoder_lab.metrics import reconstruction
from autoencoder_lab.metrics.reconstruction import bce, denoise_psnr_gain, image_errors, psnr, ssim

SHAPE = (6, 9, 8, 3)


def mse(images: Images, reconstructions: Images) -> float:
    return float(image_errors(images, reconstructions).mean())


@pytest.fixture
def images() -> Images:
    pixels = np.random.default_rng(0).uniform(0.2, 0.8, SHAPE).astype(np.float32)
    pixels.setflags(write=False)
    return pixels


@pytest.mark.parametrize(
    ("metric", "best"), [(mse, 0), (psnr, 100), (ssim, 1)], ids=["mse", "psnr", "ssim"]
)
def test_a_perfect_reconstruction_scores_the_best_value(
    metric: Callable[[Images, Images], float], best: float, images: Images
) -> None:
    assert metric(images, images) == pytest.approx(best)


def test_a_perfect_reconstruction_costs_the_images_entropy(images: Images) -> None:
    entropy = -(images * np.log(images) + (1 - images) * np.log(1 - images)).mean()

    assert bce(images, images) == pytest.approx(entropy, rel=1e-5)
    assert bce(images, images) < bce(images, images + 0.1)


def test_black_and_white_images_can_cost_nothing() -> None:
    squares = np.zeros(SHAPE, np.float32)
    squares[:, 2:5, 2:5] = 1

    assert bce(squares, squares) == pytest.approx(0, abs=1e-6)


def test_the_cross_entropy_of_a_wrong_certainty_is_finite() -> None:
    black, white = np.zeros(SHAPE, np.float32), np.ones(SHAPE, np.float32)

    # Linear outputs leave [0, 1], too.
    assert bce(black, 3 * white) == pytest.approx(-np.log(1e-7), rel=0.02)


def test_the_mean_image_is_useless_to_the_structural_similarity(images: Images) -> None:
    mean = np.broadcast_to(images.mean(axis=0), images.shape)
    blank = np.full_like(images, images.mean())

    assert ssim(images, blank) < 0.1
    # The cheat: the squared error of the mean image is the lowest without looking at any image.
    assert mse(images, mean) < mse(images, np.roll(images, 1, axis=0))
    assert ssim(images, mean) < 0.7


def test_psnr_is_the_mean_of_scikit_images_over_images(images: Images) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, SHAPE) * np.arange(1, 7).reshape(6, 1, 1, 1)
    noisy = (images + noise).astype(np.float32)

    expected = [peak_signal_noise_ratio(images[i], noisy[i], data_range=1) for i in range(6)]

    assert psnr(images, noisy) == pytest.approx(np.mean(expected), rel=1e-5)


def test_ssim_is_the_mean_of_scikit_images_over_images_and_channels(images: Images) -> None:
    noisy = np.clip(images + np.random.default_rng(1).normal(0, 0.2, SHAPE), 0, 1)
    noisy = noisy.astype(np.float32)

    alone = [
        structural_similarity(images[i, ..., c], noisy[i, ..., c], data_range=1, win_size=7)
        for i in range(6)
        for c in range(3)
    ]

    assert ssim(images, noisy) == pytest.approx(np.mean(alone), rel=1e-5)


@pytest.mark.parametrize("size", [(3, 5), (5, 3), (4, 4), (27, 31)], ids=str)
def test_ssim_takes_images_of_any_size_from_3_pixels(size: tuple[int, int]) -> None:
    images = np.random.default_rng(0).random((4, *size, 1), dtype=np.float32)

    assert ssim(images, images) == pytest.approx(1)


@pytest.mark.parametrize("metric", [mse, bce, psnr, ssim])
def test_shapes_that_would_broadcast_are_refused(
    metric: Callable[[Images, Images], float], images: Images
) -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        metric(images, images[:1])


@pytest.mark.parametrize(
    ("noise_left", "gain"),
    [(1.0, 0.0), (0.5, 20 * np.log10(2)), (2.0, -20 * np.log10(2))],
    ids=["identity", "half the noise", "twice the noise"],
)
def test_gain_is_the_noise_removed_in_decibels(
    noise_left: float, gain: float, images: Images
) -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, SHAPE)

    measured = denoise_psnr_gain(images, images + noise, images + noise_left * noise)

    assert measured == pytest.approx(gain, abs=1e-4)


def test_errors_in_parts_are_those_of_the_whole(
    images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    reconstructed = images**2
    monkeypatch.setattr(
        "autoencoder_lab.images.arrays.NUMBERS_AT_ONCE", 4 * images[0].size
    )  # 4 and 2

    errors, of_each = reconstruction.errors(images, reconstructed)

    assert errors == {
        metric.__name__: pytest.approx(metric(images, reconstructed))
        for metric in (mse, bce, psnr, ssim)
    }
    np.testing.assert_allclose(of_each, image_errors(images, reconstructed))


def test_gains_in_parts_are_those_of_the_whole(
    images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    gain = denoise_psnr_gain(images, images**3, images**2)
    monkeypatch.setattr("autoencoder_lab.images.arrays.NUMBERS_AT_ONCE", 4 * images[0].size)

    assert denoise_psnr_gain(images, images**3, images**2) == pytest.approx(gain)
