import numpy as np
import pytest

from autoencoder_lab.figures.filters import MOST_ROWS, filter_grid
from autoencoder_lab.figures.images import COLUMNS


def random_filters(n: int, channels: int) -> np.ndarray:
    return np.random.default_rng(n).normal(size=(n, 5, 3, channels)).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2])
def test_filters_are_drawn_about_zero_on_one_scale(channels: int) -> None:
    filters = random_filters(7, channels)

    *grid, scale = filter_grid(filters, title="Filters").axes

    order = np.argsort(-np.linalg.norm(filters.reshape(7, -1), axis=1))
    for axes, filter_ in zip(grid, filters[order], strict=True):
        np.testing.assert_allclose(axes.images[0].get_array(), filter_.mean(axis=-1), rtol=1e-6)
    low, high = grid[0].images[0].get_clim()
    assert low == -high < 0
    assert {axes.images[0].get_clim() for axes in grid} == {(low, high)}
    assert scale.get_ylabel() == "weight"


def test_filters_of_colours_are_drawn_in_colour_about_grey() -> None:
    filters = np.zeros((2, 5, 3, 3), np.float32)
    filters[0, 0, 0] = 3, 0, -3

    first, second = filter_grid(filters, title="Filters").axes

    assert first.images[0].get_array()[0, 0].tolist() == pytest.approx([1, 0.5, 0], abs=0.01)
    assert (second.images[0].get_array() == 0.5).all()


def test_of_many_those_with_the_largest_weights_are_shown() -> None:
    n_most = COLUMNS * MOST_ROWS
    filters = random_filters(n_most + 30, 1)
    filters[:30] /= 100

    figure = filter_grid(filters, title="Filters")

    *grid, _ = figure.axes
    shown = [axes.images[0].get_array() for axes in grid if axes.images]
    assert len(shown) == n_most
    assert min(np.abs(filter_).max() for filter_ in shown) > 0.1
    assert figure.get_suptitle() == f"Filters, {n_most} of {n_most + 30}"


def test_weights_that_are_all_zero_are_drawn() -> None:
    *grid, _ = filter_grid(np.zeros((2, 5, 3, 1), np.float32), title="Filters").axes

    assert all((axes.images[0].get_array() == 0).all() for axes in grid)
