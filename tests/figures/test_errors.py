import numpy as np
import pytest

from autoencoder_lab.figures.errors import error_distribution
from autoencoder_lab.figures.images import COLUMNS


@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colour"])
def test_the_images_with_the_largest_errors_stand_above_their_reconstructions(
    channels: int,
) -> None:
    images = np.random.default_rng(0).random((40, 5, 3, channels), dtype=np.float32)
    errors = np.random.default_rng(1).random(40)
    worst = np.argsort(errors)[::-1]

    of_all, of_worst, reconstructed = error_distribution(
        errors, np.zeros(40, bool), images, 1 - images, title="Errors"
    ).axes

    assert sum(bar.get_height() for bar in of_all.patches) == 40
    shown, rebuilt = (
        axes.images[0].get_array().reshape(5, -1, channels) for axes in (of_worst, reconstructed)
    )
    for column in range(COLUMNS):
        pixels = slice(4 * column, 4 * column + 3)
        np.testing.assert_array_equal(shown[:, pixels], images[worst[column]])
        np.testing.assert_array_equal(rebuilt[:, pixels], 1 - images[worst[column]])


def test_the_median_and_the_limit_of_the_worst_are_marked() -> None:
    errors = np.linspace(0, 1, 101)
    images = np.zeros((101, 5, 3, 1), np.float32)

    of_all, *_ = error_distribution(
        errors, np.zeros(101, bool), images, images, title="Errors"
    ).axes

    assert [line.get_xdata()[0] for line in of_all.lines] == pytest.approx([0.5, 0.95])
    assert [text.get_text() for text in of_all.get_legend().texts] == [
        "median 0.5000",
        "95% are below 0.9500",
    ]


def test_fewer_images_of_one_error_are_drawn() -> None:
    images = np.zeros((3, 5, 3, 1), np.float32)

    figure = error_distribution(np.zeros(3), np.zeros(3, bool), images, images, title="Errors")

    assert len(figure.axes) == 3


def test_anomalies_are_told_from_normal_images_the_least_normal_first() -> None:
    errors = np.linspace(0, 1, 40)
    images = np.broadcast_to(errors[:, None, None, None], (40, 5, 3, 1)).astype(np.float32)
    anomalies = np.arange(40) >= 30

    of_all, *rows = error_distribution(errors, anomalies, images, 1 - images, title="Errors").axes

    assert [row.get_ylabel() for row in rows] == [
        "least normal:\n10 of 12 anomalies",
        "reconstruction",
        "most normal:\n0 of 12 anomalies",
        "reconstruction",
    ]
    firsts = [float(row.images[0].get_array()[0, 0]) for row in rows]
    assert firsts == pytest.approx([1, 0, 0, 1])
    names = [text.get_text() for text in of_all.get_legend().texts]
    assert {"30 normal", "10 anomalies"} <= set(names)
    # Each kind adds up to all of it: there may be many more of one than of the other.
    heights = [sum(bar.get_height() for bar in bars.patches) for bars in of_all.containers]
    assert heights == pytest.approx([100, 100])
