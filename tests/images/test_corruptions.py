import keras
import numpy as np
import pytest
import tensorflow as tf

from autoencoder_lab.images.corruptions import CorruptedImages, corrupt
from autoencoder_lab.parameters import (
    DropoutNoiseParams,
    GaussianNoiseParams,
    MaskNoiseParams,
    NoiseParams,
    NoNoiseParams,
)

GREY = np.full((20, 27, 31, 3), 0.5, np.float32)
GREY.setflags(write=False)


def gaussian(stddev: float) -> GaussianNoiseParams:
    return GaussianNoiseParams(kind="gaussian", stddev=stddev)


def dropout(rate: float) -> DropoutNoiseParams:
    return DropoutNoiseParams(kind="dropout", rate=rate)


def mask(rate: float) -> MaskNoiseParams:
    return MaskNoiseParams(kind="mask", rate=rate)


def corrupted(noise: NoiseParams, *, seed: int = 0) -> np.ndarray:
    return corrupt(tf.constant(GREY), noise, seed=[seed, 0]).numpy()


def test_gaussian_noise_has_its_standard_deviation_and_no_bias() -> None:
    noise = corrupted(gaussian(0.1)) - GREY

    # 50,000 draws: the standard error of both is below 0.0005.
    assert noise.std() == pytest.approx(0.1, abs=0.002)
    assert noise.mean() == pytest.approx(0, abs=0.002)


def test_noisy_images_stay_in_range_and_single_precision() -> None:
    noisy = corrupted(gaussian(1))

    assert (noisy.min(), noisy.max(), noisy.dtype) == (0, 1, np.float32)


def test_a_mask_switches_off_its_share_of_pixels_with_all_their_channels() -> None:
    masked = corrupted(mask(0.3))

    is_off = masked == 0
    assert is_off.mean() == pytest.approx(0.3, abs=0.01)
    assert (is_off.all(axis=-1) == is_off.any(axis=-1)).all()
    np.testing.assert_array_equal(masked[~is_off], GREY[~is_off])


def test_dropout_is_keras_layer() -> None:
    dropped = corrupted(dropout(0.4))
    layer = keras.layers.Dropout(0.4, seed=0)(GREY, training=True).numpy()

    assert set(np.unique(dropped)) == set(np.unique(layer)) == {0, np.float32(0.5 / 0.6)}
    assert (dropped == 0).mean() == pytest.approx(0.4, abs=0.01)
    assert dropped.mean() == pytest.approx(0.5, abs=0.01)
    is_off = dropped == 0
    assert (is_off.all(axis=-1) != is_off.any(axis=-1)).any()  # each number for itself


@pytest.mark.parametrize(
    "noise", [gaussian(0.4), mask(0.4), dropout(0.4)], ids=lambda noise: noise.kind
)
def test_noise_repeats_by_seed(noise: NoiseParams) -> None:
    np.testing.assert_array_equal(corrupted(noise, seed=1), corrupted(noise, seed=1))
    assert not np.array_equal(corrupted(noise, seed=1), corrupted(noise, seed=2))


@pytest.mark.parametrize(
    "noise", [gaussian(0.4), mask(0.4), dropout(0.4)], ids=lambda noise: noise.kind
)
def test_noise_is_the_same_within_a_compiled_function(noise: NoiseParams) -> None:
    compiled = tf.function(lambda images: corrupt(images, noise, seed=[0, 0]), jit_compile=True)

    np.testing.assert_allclose(compiled(GREY).numpy(), corrupted(noise), atol=1e-5)


@pytest.mark.parametrize("noise", [gaussian(0), mask(0), dropout(0), NoNoiseParams()], ids=repr)
def test_no_noise_leaves_the_images(noise: NoiseParams) -> None:
    np.testing.assert_array_equal(corrupted(noise), GREY)


@pytest.mark.parametrize("noise", [gaussian(0.2), mask(0.5)], ids=["gaussian", "mask"])
def test_a_view_is_the_same_in_whatever_parts_it_is_read(
    noise: NoiseParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autoencoder_lab.images.arrays.NUMBERS_AT_ONCE", 4 * 7 * 5 * 3)  # 4 images
    images = np.random.default_rng(0).random((10, 7, 5, 3), dtype=np.float32)
    view = CorruptedImages(images, noise, seed=3)

    whole = view[:]

    np.testing.assert_array_equal(view[3:9], whole[3:9])
    np.testing.assert_array_equal(view[np.array([7, 0, 5])], whole[[7, 0, 5]])
    np.testing.assert_array_equal(CorruptedImages(images, noise, seed=3)[:2], whole[:2])
    assert not np.array_equal(CorruptedImages(images, noise, seed=4)[:], whole)
    changes = whole - images
    assert not np.allclose(changes[:4], changes[4:8])  # each part has noise of its own
