import io

import numpy as np
import pytest

from autoencoder_lab.figures.images import COLUMNS, image_rows


def random_images(n: int, channels: int) -> np.ndarray:
    return np.random.default_rng(n).random((n, 5, 3, channels), dtype=np.float32)


@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colour"])
def test_a_row_shows_its_first_images_side_by_side(channels: int) -> None:
    images = random_images(20, channels)

    figure = image_rows([("clean", images), ("again", images)], title="Both")

    assert [axes.get_ylabel() for axes in figure.axes] == ["clean", "again"]
    shown = figure.axes[0].images[0].get_array()
    shown = shown.reshape(5, -1, channels)
    assert shown.shape[1] == COLUMNS * 4 - 1
    for column in range(COLUMNS):
        np.testing.assert_array_equal(shown[:, 4 * column : 4 * column + 3], images[column])


@pytest.mark.parametrize("channels", [2, 4])
def test_other_numbers_of_channels_are_drawn_as_their_mean(channels: int) -> None:
    images = random_images(1, channels)

    figure = image_rows([("bands", images)], title="Bands")

    shown = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(shown, images[0].mean(axis=-1), rtol=1e-6)


@pytest.mark.parametrize("size", [(400, 5), (5, 400)], ids=["tall", "wide"])
def test_the_figures_size_has_a_limit(size: tuple[int, int]) -> None:
    images = np.zeros((20, *size, 1), np.float32)

    figure = image_rows([("stripes", images)] * 7, title="Stripes")

    assert max(figure.get_size_inches()) < 15


def test_values_beyond_the_range_are_clipped_not_rescaled() -> None:
    images = np.full((2, 5, 3, 1), 1.5, np.float32)
    images[1] = -0.5

    figure = image_rows([("linear outputs", images)], title="Clipped")

    drawn = figure.axes[0].images[0]
    assert drawn.get_clim() == (0, 1)
    np.testing.assert_array_equal(np.unique(drawn.get_array()), [0, 1])


def test_a_shorter_row_ends_in_white() -> None:
    figure = image_rows([("six", random_images(6, 1)), ("two", random_images(2, 1))], title="")

    six, two = (axes.images[0].get_array() for axes in figure.axes)
    assert six.shape == two.shape == (5, 6 * 4 - 1)
    assert (two[:, 8:] == 1).all()


@pytest.mark.parametrize("side", [5, 8, 28])
def test_long_labels_are_not_cut_off(side: int) -> None:
    images = np.zeros((12, side, side, 1), np.float32)

    figure = image_rows([("a_variant_with_a_rather_long_name", images)] * 3, title="Labels")
    figure.savefig(io.BytesIO())

    for axes in figure.axes:
        assert axes.yaxis.label.get_window_extent().x0 > 0
