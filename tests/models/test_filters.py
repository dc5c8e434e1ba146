import numpy as np
import pytest

from autoencoder_lab.models import build
from autoencoder_lab.models.filters import first_layer_filters
from autoencoder_lab.parameters import ConvolutionalParams, DenseParams, ModelParams

SHAPE = (8, 7, 3)
OPTIONS = {"activation": "linear", "output_activation": "linear"}


def test_a_dense_filter_is_what_an_image_is_multiplied_by() -> None:
    params = DenseParams(family="dense", widths=(5,), **OPTIONS)
    encoder = build(params, SHAPE, seed=0).get_layer("encoder")
    image = np.random.default_rng(0).random((1, *SHAPE), dtype=np.float32)

    filters = first_layer_filters(encoder)

    assert filters.shape == (5, *SHAPE)
    expected = encoder.predict(image, verbose=0)[0]
    assert np.sum(filters * image, axis=(1, 2, 3)) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_a_convolutional_filter_is_a_window() -> None:
    params: ModelParams = ConvolutionalParams(
        family="convolutional", filters=(5,), kernel_size=3, **OPTIONS
    )
    encoder = build(params, SHAPE, seed=0).get_layer("encoder")

    filters = first_layer_filters(encoder)

    assert filters.shape == (5, 3, 3, 3)
    # A bright pixel's response is the filter, turned round.
    image = np.zeros((1, *SHAPE), np.float32)
    image[0, 4, 3, 1] = 1
    response = encoder.layers[0](image).numpy()[0, 3:6, 2:5]
    np.testing.assert_allclose(response[::-1, ::-1].transpose(2, 0, 1), filters[..., 1], atol=1e-6)
