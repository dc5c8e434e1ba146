from pathlib import Path

import keras
import numpy as np
import pytest

from autoencoder_lab.arrays import ImageShape
from autoencoder_lab.models import build
from autoencoder_lab.parameters import DenseParams

STACKED = DenseParams(
    family="dense", widths=(100, 30), activation="selu", output_activation="sigmoid"
)
SHAPES = [(8, 8, 1), (28, 28, 1), (27, 31, 1), (32, 32, 3)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_codings_are_as_wide_as_declared_and_reconstructions_shaped_as_images(
    shape: ImageShape,
) -> None:
    images = np.random.default_rng(0).random((5, *shape), dtype=np.float32)
    autoencoder = build(STACKED, shape, seed=0)

    codings = autoencoder.get_layer("encoder").predict(images, verbose=0)
    reconstructions = autoencoder.get_layer("decoder").predict(codings, verbose=0)

    assert codings.shape == (5, 30)
    assert reconstructions.shape == images.shape
    assert 0 <= reconstructions.min() <= reconstructions.max() <= 1
    np.testing.assert_allclose(autoencoder.predict(images, verbose=0), reconstructions, rtol=1e-5)


def test_the_briefs_stack_on_mnist_has_its_number_of_weights() -> None:
    assert build(STACKED, (28, 28, 1), seed=0).count_params() == 163_814


def test_the_same_seed_gives_the_same_weights_and_another_others() -> None:
    first, again, other = (
        np.concatenate([w.ravel() for w in build(STACKED, (7, 5, 3), seed=seed).get_weights()])
        for seed in (1, 1, 2)
    )

    assert first.tobytes() == again.tobytes()
    assert not np.array_equal(first, other)


def test_no_two_layers_start_alike() -> None:
    square = DenseParams(
        family="dense", widths=(15, 15), activation="selu", output_activation="sigmoid"
    )

    kernels = [w for w in build(square, (3, 5, 1), seed=0).get_weights() if w.ndim == 2]

    assert len({kernel.tobytes() for kernel in kernels}) == len(kernels) == 4


def test_a_saved_autoencoder_loads_to_equal_outputs(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((3, 7, 5, 3), dtype=np.float32)
    autoencoder = build(STACKED, (7, 5, 3), seed=0)

    autoencoder.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")

    np.testing.assert_array_equal(
        loaded.predict(images, verbose=0), autoencoder.predict(images, verbose=0)
    )
