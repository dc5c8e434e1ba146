import numpy as np

from autoencoder_lab.models import build, build_discriminator
from autoencoder_lab.parameters import GeneratorParams

PARAMS = GeneratorParams(
    family="generator",
    latent_dim=5,
    widths=(7, 12),
    activation="relu",
    output_activation="sigmoid",
)


def test_codings_become_images() -> None:
    generator = build(PARAMS, (8, 9, 3), seed=0)
    codings = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)

    images = generator.predict(codings, verbose=0)

    assert [layer.name for layer in generator.layers] == ["decoder"]
    assert images.shape == (4, 8, 9, 3)
    assert 0 <= images.min() < images.max() <= 1


def test_the_same_seed_gives_the_same_weights_and_another_others() -> None:
    first, again, other = (
        b"".join(w.tobytes() for w in build(PARAMS, (8, 9, 3), seed=seed).get_weights())
        for seed in (1, 1, 2)
    )

    assert first == again != other


def test_a_discriminator_gives_a_logit_of_images_and_of_codings() -> None:
    of_images = build_discriminator((6, 4), (8, 9, 3), seed=0)
    of_codings = build_discriminator((6, 4), (5,), seed=0)

    assert of_images.output_shape == of_codings.output_shape == (None, 1)
    assert of_images.predict(np.ones((2, 8, 9, 3), np.float32), verbose=0).shape == (2, 1)
    assert of_codings.count_params() == 6 * 6 + 4 * 7 + 5
