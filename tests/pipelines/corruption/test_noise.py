import numpy as np
import pytest

from autoencoder_lab.pipelines.corruption.noise import add_gaussian_noise, switch_off_pixels

GREY = np.full((20, 27, 31, 3), 0.5, np.float32)
GREY.setflags(write=False)


def test_gaussian_noise_has_its_standard_deviation_and_no_bias() -> None:
    noise = add_gaussian_noise(GREY, stddev=0.1, seed=0) - GREY

    # 50,000 draws: the standard error of both is below 0.0005.
    assert noise.std() == pytest.approx(0.1, abs=0.002)
    assert noise.mean() == pytest.approx(0, abs=0.002)


def test_noisy_images_stay_in_range_and_single_precision() -> None:
    noisy = add_gaussian_noise(GREY, stddev=1, seed=0)

    assert (noisy.min(), noisy.max(), noisy.dtype) == (0, 1, np.float32)


def test_a_mask_switches_off_its_share_of_pixels_with_all_their_channels() -> None:
    masked = switch_off_pixels(GREY, rate=0.3, seed=0)

    is_off = masked == 0
    assert is_off.mean() == pytest.approx(0.3, abs=0.01)
    assert (is_off.all(axis=-1) == is_off.any(axis=-1)).all()
    np.testing.assert_array_equal(masked[~is_off], GREY[~is_off])


@pytest.mark.parametrize(
    "corrupt",
    [
        lambda strength, seed: add_gaussian_noise(GREY, stddev=strength, seed=seed),
        lambda strength, seed: switch_off_pixels(GREY, rate=strength, seed=seed),
    ],
    ids=["gaussian", "mask"],
)
def test_noise_repeats_by_seed_and_none_leaves_the_images(corrupt) -> None:
    np.testing.assert_array_equal(corrupt(0.4, 1), corrupt(0.4, 1))
    assert not np.array_equal(corrupt(0.4, 1), corrupt(0.4, 2))
    np.testing.assert_array_equal(corrupt(0, 1), GREY)
