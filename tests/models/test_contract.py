"""What holds for every family."""

import math
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from autoencoder_lab.images.arrays import Images, ImageShape
from autoencoder_lab.models import build, dense, with_stock_layers
from autoencoder_lab.parameters import ConvolutionalParams, ModelParams

from .conftest import DENSE, FAMILIES

SHAPES = [(8, 8, 1), (28, 28, 1), (27, 31, 1), (32, 32, 3)]

every_family = pytest.mark.parametrize("params", FAMILIES.values(), ids=FAMILIES.keys())


def images_of(shape: ImageShape) -> Images:
    return np.random.default_rng(0).random((5, *shape), dtype=np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@every_family
def test_codings_are_as_wide_as_declared_and_reconstructions_shaped_as_images(
    params: ModelParams, shape: ImageShape
) -> None:
    images = images_of(shape)
    autoencoder = build(params, shape, seed=0)

    codings = autoencoder.get_layer("encoder").predict(images, verbose=0)
    reconstructions = autoencoder.get_layer("decoder").predict(codings, verbose=0)

    if isinstance(params, ConvolutionalParams):
        height, width, _ = shape
        assert codings.shape == (5, height // 8, width // 8, 64)
    else:
        assert codings.shape == (5, 30)
    assert math.prod(codings.shape[1:]) == math.prod(autoencoder.layers[0].output_shape[1:])
    assert reconstructions.shape == images.shape
    assert 0 <= reconstructions.min() <= reconstructions.max() <= 1
    np.testing.assert_allclose(autoencoder.predict(images, verbose=0), reconstructions, rtol=1e-5)


@pytest.mark.slow
@every_family
def test_the_same_seed_gives_the_same_weights_and_another_others(params: ModelParams) -> None:
    first, again, other = (
        np.concatenate([w.ravel() for w in build(params, (8, 9, 3), seed=seed).get_weights()])
        for seed in (1, 1, 2)
    )

    assert first.tobytes() == again.tobytes()
    assert not np.array_equal(first, other)


@pytest.mark.slow
def test_what_is_saved_loads_with_keras_alone_to_equal_outputs(tmp_path: Path) -> None:
    images = images_of((8, 9, 3))
    np.save(tmp_path / "images.npy", images)
    autoencoders = {}
    for family, params in FAMILIES.items():
        autoencoder = autoencoders[family] = build(params, (8, 9, 3), seed=0)
        with_stock_layers(autoencoder, params).save(tmp_path / f"{family}.keras")

    script = """
import sys, keras, numpy
sys.path = [path for path in sys.path if path]
images = numpy.load("images.npy")
for family in sys.argv[1:]:
    model = keras.models.load_model(f"{family}.keras", safe_mode=True)
    numpy.save(f"{family}.npy", model.predict(images, verbose=0))
assert not any("autoencoder_lab" in name for name in sys.modules)
"""
    command = [sys.executable, "-I", "-c", script, *autoencoders]
    subprocess.run(command, cwd=tmp_path, check=True)

    for family, autoencoder in autoencoders.items():
        loaded = np.load(tmp_path / f"{family}.npy")
        np.testing.assert_allclose(loaded, autoencoder.predict(images, verbose=0), atol=1e-6)


@pytest.mark.slow
@every_family
def test_the_encoder_takes_the_weights_of_a_saved_one(params: ModelParams) -> None:
    trained = with_stock_layers(build(params, (8, 9, 3), seed=1), params).get_layer("encoder")
    encoder = build(params, (8, 9, 3), seed=2).get_layer("encoder")

    encoder.set_weights(trained.get_weights())

    images = images_of((8, 9, 3))
    np.testing.assert_array_equal(
        encoder.predict(images, verbose=0), trained.predict(images, verbose=0)
    )


@every_family
def test_the_coding_layer_may_have_an_activation_of_its_own(params: ModelParams) -> None:
    sigmoid = params.model_copy(update={"coding_activation": "sigmoid"})

    codings = (
        build(sigmoid, (8, 9, 3), seed=0)
        .get_layer("encoder")
        .predict(10 * images_of((8, 9, 3)), verbose=0)
    )

    assert 0 <= codings.min() < codings.max() <= 1


def test_layers_that_keep_what_is_not_learnt_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def build_normalised(*_: object, **__: object) -> keras.Sequential:
        return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.BatchNormalization()])

    monkeypatch.setattr(dense, "build", build_normalised)

    with pytest.raises(ValueError, match=r"dense has variables that are not learnt: .*moving_mean"):
        build(DENSE, (8, 8, 1), seed=0)
