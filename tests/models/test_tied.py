import numpy as np

from autoencoder_lab.models import build, with_stock_layers

from .conftest import DENSE, TIED


def test_tied_kernels_halve_the_number_of_weights() -> None:
    assert build(TIED, (28, 28, 1), seed=0).count_params() == 82_414


def test_the_decoder_shares_the_encoders_memory() -> None:
    autoencoder = build(TIED, (7, 5, 3), seed=0)
    codings = np.random.default_rng(0).random((2, 30), dtype=np.float32)
    decoder = autoencoder.get_layer("decoder")
    before = decoder.predict(codings, verbose=0)

    for weight in autoencoder.get_layer("encoder").weights:
        weight.assign(2 * weight)

    assert len([weight for weight in decoder.trainable_weights if weight.name == "kernel"]) == 0
    assert not np.allclose(decoder.predict(codings, verbose=0), before)


def test_each_kernel_of_the_decoder_is_the_encoders_transposed() -> None:
    autoencoder = build(TIED, (7, 5, 3), seed=0)

    first, _, second, _ = autoencoder.get_layer("encoder").get_weights()

    untied = with_stock_layers(autoencoder, TIED).get_layer("decoder").get_weights()
    np.testing.assert_array_equal(untied[0], second.T)
    np.testing.assert_array_equal(untied[2], first.T)


def test_the_encoder_starts_as_that_of_the_untied_variant() -> None:
    tied, stacked = (build(params, (7, 5, 3), seed=3) for params in (TIED, DENSE))

    for ours, theirs in zip(
        tied.get_layer("encoder").get_weights(),
        stacked.get_layer("encoder").get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)
