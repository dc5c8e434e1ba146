import numpy as np
import pytest

from autoencoder_lab.images.arrays import Images
from autoencoder_lab.parameters import CorruptionParams
from autoencoder_lab.pipelines.corruption.nodes import corrupt_images, draw_views

PARAMS = CorruptionParams.model_validate(
    {
        "light_gaussian": {"kind": "gaussian", "stddev": 0.2},
        "heavy_gaussian": {"kind": "gaussian", "stddev": 0.5},
        "mask": {"kind": "mask", "rate": 0.5},
    }
)
IMAGES = np.full((8, 7, 5, 3), 0.5, np.float32)
IMAGES.setflags(write=False)


def made() -> dict[str, Images]:
    return {name: view[:] for name, view in corrupt_images(IMAGES, PARAMS, 0).items()}


def test_there_is_a_view_for_each_noise_named_by_its_strength() -> None:
    views = made()

    assert list(views) == ["gaussian_0.2", "gaussian_0.5", "mask_0.5"]
    assert {view.shape for view in views.values()} == {IMAGES.shape}
    errors = [np.square(view - IMAGES).mean() for view in views.values()]
    assert 0 < errors[0] < errors[1]


def test_each_view_has_the_noise_that_it_is_named_after() -> None:
    light, heavy, mask = made().values()

    # 840 pixels, of which those of the heavy noise are clipped at 0.5 either way.
    assert (light - IMAGES).std() == pytest.approx(0.2, abs=0.02)
    assert 0.3 < (heavy - IMAGES).std() < 0.5
    assert (mask == 0).mean() == pytest.approx(0.5, abs=0.1)
    assert set(np.unique(mask)) == {0, 0.5}


def test_the_two_gaussian_views_are_not_the_same_noise_scaled() -> None:
    views = made()

    noises = [(view - IMAGES).ravel() for view in (views["gaussian_0.2"], views["gaussian_0.5"])]

    # 840 draws, so independent noises correlate by about 0.035.
    assert abs(np.corrcoef(noises)[0, 1]) < 0.15


def test_the_figure_has_the_clean_images_above_their_views() -> None:
    figure = draw_views(IMAGES, corrupt_images(IMAGES, PARAMS, 0))

    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["clean", "gaussian_0.2", "gaussian_0.5", "mask_0.5"]
