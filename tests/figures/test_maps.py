import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.offsetbox import AnnotationBbox

from autoencoder_lab.figures.maps import codings_map
from autoencoder_lab.images.arrays import UNLABELLED

POINTS = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
IMAGES = np.random.default_rng(1).random((60, 5, 3, 3), dtype=np.float32)


@pytest.mark.parametrize("n_classes", [2, 10, 20])
def test_each_class_has_its_colour_and_its_name(n_classes: int) -> None:
    labels = np.arange(60) % n_classes
    names = {n: f"class {n}" for n in range(n_classes)}

    [axes] = codings_map(POINTS, IMAGES, labels, names, title="Map").axes

    colours = {tuple(collection.get_facecolor()[0]) for collection in axes.collections}
    assert len(colours) == n_classes
    assert [text.get_text() for text in axes.texts] == list(names.values())
    for label, collection in enumerate(axes.collections):
        np.testing.assert_array_equal(collection.get_offsets(), POINTS[labels == label])


def test_long_names_are_shortened() -> None:
    names = {0: "ankle boot of leather", 1: "bag"}

    [axes] = codings_map(POINTS, IMAGES, np.arange(60) % 2, names, title="Map").axes

    assert [text.get_text() for text in axes.texts] == ["ankle boot of l…", "bag"]


@pytest.mark.parametrize("n_labelled", [0, 20])
def test_points_not_all_labelled_are_all_drawn_in_one_colour(n_labelled: int) -> None:
    labels = np.where(np.arange(60) < n_labelled, 0, UNLABELLED)

    [axes] = codings_map(POINTS, IMAGES, labels, {0: "zero"}, title="Map").axes

    [collection] = axes.collections
    assert len(collection.get_offsets()) == 60
    assert {tuple(colour) for colour in collection.get_facecolor()} == {to_rgba("#0072B2")}


def test_a_class_name_stands_in_its_own_cluster_also_where_it_has_two() -> None:
    rng = np.random.default_rng(0)
    ring = np.array([[-5, 0], [5, 0], [0, 0]]).repeat(20, axis=0)  # the other class is between
    points = (ring + rng.normal(0, 0.3, ring.shape)).astype(np.float32)
    labels = np.array([0, 0, 1]).repeat(20)

    [axes] = codings_map(points, IMAGES, labels, {0: "outer", 1: "inner"}, title="Map").axes

    for label, text in enumerate(axes.texts):
        distances = np.linalg.norm(points - text.get_position(), axis=1)
        assert labels[distances.argmin()] == label
        assert distances.min() < 1e-6


def test_images_are_drawn_where_they_lie_and_not_on_each_other() -> None:
    [axes] = codings_map(POINTS, IMAGES, np.arange(60) % 2, {0: "a", 1: "b"}, title="Map").axes

    boxes = [artist for artist in axes.artists if isinstance(artist, AnnotationBbox)]
    places = np.array([box.xy for box in boxes])
    assert len(boxes) > 10
    for box in boxes:
        [number] = np.flatnonzero((box.xy == POINTS).all(axis=1))
        np.testing.assert_array_equal(box.offsetbox.get_data(), IMAGES[number])
    apart = np.linalg.norm(places[:, np.newaxis] - places, axis=-1) + np.eye(len(boxes)) * 99
    assert apart.min() > 0.1 * np.ptp(POINTS, axis=0).max()


def test_points_that_all_coincide_are_drawn() -> None:
    points = np.zeros((60, 2), np.float32)

    [axes] = codings_map(points, IMAGES, np.zeros(60, np.int64), {0: "all"}, title="Map").axes

    assert len([artist for artist in axes.artists if isinstance(artist, AnnotationBbox)]) == 1
