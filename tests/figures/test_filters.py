import numpy as np
import pytest

from autoencoder_lab.figures.figure import Figure
from autoencoder_lab.figures.filters import MOST_ROWS, filter_grid
from autoencoder_lab.figures.images import COLUMNS


def random_filters(n: int, channels: int) -> np.ndarray:
    return np.random.default_rng(n).normal(size=(n, 5, 3, channels)).astype(np.float32)


def drawn(figure: Figure, n: int) -> list[np.ndarray]:
    """Return what is drawn of n filters (5, 3): each has a line of nothing about it."""
    mosaic = np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)
    n_rows, n_columns = (mosaic.shape[0] - 1) // 6, (mosaic.shape[1] - 1) // 4
    places = [(6 * row + 1, 4 * column + 1) for row, column in np.ndindex(n_rows, n_columns)]
    tiles = [mosaic[top : top + 5, left : left + 3] for top, left in places]
    assert all(np.isnan(tile).all() or (tile == 1).all() for tile in tiles[n:])
    return tiles[:n]


@pytest.mark.parametrize("channels", [1, 2])
def test_filters_are_drawn_about_zero_on_one_scale(channels: int) -> None:
    filters = random_filters(7, channels)

    figure = filter_grid(filters, title="Filters")

    order = np.argsort(-np.linalg.norm(filters.reshape(7, -1), axis=1))
    for tile, filter_ in zip(drawn(figure, 7), filters[order], strict=True):
        np.testing.assert_allclose(tile, filter_.mean(axis=-1), rtol=1e-6)
    axes, scale = figure.axes
    low, high = axes.images[0].get_clim()
    assert low == -high < 0
    assert scale.get_ylabel() == "weight"


def test_filters_of_colours_are_drawn_in_colour_about_grey() -> None:
    filters = np.zeros((2, 5, 3, 3), np.float32)
    filters[0, 0, 0] = 3, 0, -3

    first, second = drawn(filter_grid(filters, title="Filters"), 2)

    assert first[0, 0].tolist() == pytest.approx([1, 0.5, 0], abs=0.01)
    assert (second == 0.5).all()


def test_of_many_those_with_the_largest_weights_are_shown() -> None:
    n_most = COLUMNS * MOST_ROWS
    filters = random_filters(n_most + 30, 1)
    filters[:30] /= 100

    figure = filter_grid(filters, title="Filters")

    assert min(np.abs(tile).max() for tile in drawn(figure, n_most)) > 0.1
    assert figure.get_suptitle() == f"Filters, {n_most} of {n_most + 30}"


def test_weights_that_are_all_zero_are_drawn() -> None:
    figure = filter_grid(np.zeros((2, 5, 3, 1), np.float32), title="Filters")

    assert all((tile == 0).all() for tile in drawn(figure, 2))
