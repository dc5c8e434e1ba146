import numpy as np
import pytest
from keras import layers

from autoencoder_lab.images.arrays import ImageShape
from autoencoder_lab.models import build

from .conftest import CONVOLUTIONAL


def test_the_decoder_on_mnist_is_the_briefs() -> None:
    decoder = build(CONVOLUTIONAL, (28, 28, 1), seed=0).get_layer("decoder")

    transposed = [layer for layer in decoder.layers if isinstance(layer, layers.Conv2DTranspose)]
    assert [layer.filters for layer in transposed] == [32, 16, 1]
    assert [layer.padding for layer in transposed] == ["valid", "same", "same"]
    assert decoder.input_shape == (None, 3, 3, 64)


@pytest.mark.parametrize("kernel_size", [3, 4, 5])
@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 15, 2), (11, 8, 3)], ids=str)
def test_any_size_comes_back(shape: ImageShape, kernel_size: int) -> None:
    params = CONVOLUTIONAL.model_copy(update={"kernel_size": kernel_size})
    images = np.zeros((2, *shape), np.float32)

    assert build(params, shape, seed=0).predict(images, verbose=0).shape == images.shape
