import numpy as np
import pytest

from autoencoder_lab.models import build_classifier

SHAPE = (7, 6, 2)


def weights(name: str, seed: int) -> bytes:
    network = build_classifier(SHAPE, 3, filters=(4, 5), name=name, seed=seed)
    return b"".join(weight.tobytes() for weight in network.get_weights())


def test_images_have_a_probability_of_each_class_by_way_of_features() -> None:
    network = build_classifier(SHAPE, 3, filters=(4, 5), dropout=(0.2, 0.5), name="judge", seed=0)
    images = np.random.default_rng(0).random((6, *SHAPE), np.float32)

    shares = network.predict_on_batch(images)
    features = network.get_layer("features").predict_on_batch(images)

    assert features.shape == (6, 128)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(network.get_layer("classes").predict_on_batch(features), shares)


@pytest.mark.slow
def test_seed_and_name_tell_the_weights() -> None:
    assert weights("judge", 0) == weights("judge", 0)
    assert len({weights("judge", 0), weights("judge", 1), weights("other", 0)}) == 3
