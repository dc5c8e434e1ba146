import numpy as np
import pytest

from autoencoder_lab.images.arrays import UNLABELLED, Images, Labels
from autoencoder_lab.metrics.spreading import LabelGraph
from autoencoder_lab.parameters import FewLabelsParams
from autoencoder_lab.training.pseudo_labels import classify, fit_moved, move, spread_and_train

PARAMS = FewLabelsParams(draws=2, labels=6, rounds=2, steps=150, shift=1)


def bars(n: int, seed: int) -> tuple[Images, Labels]:
    """Return images with a bar that lies or stands, anywhere, and which: 4 or 9."""
    rng = np.random.default_rng(seed)
    labels = np.where(np.arange(n) % 2, 4, 9)
    images = rng.uniform(0, 0.3, (n, 8, 8, 1)).astype(np.float32)
    for image, label, place in zip(images, labels, rng.integers(0, 7, n), strict=True):
        bar = image if label == 4 else image.swapaxes(0, 1)
        bar[place : place + 2] += 0.7
    return images, labels


IMAGES, LABELS = bars(400, 0)
CLASSES = np.array([4, 9])
FEW = np.where(np.arange(400) < 20, LABELS, UNLABELLED)


def mostly_right(seed: int) -> LabelGraph:
    """Return a graph over which labels spread mostly right."""
    codings = np.random.default_rng(seed).normal(0, 1, (400, 3)).astype(np.float32)
    codings[:, 0] += np.where(LABELS == 4, -2, 2)
    return LabelGraph.of(codings)


@pytest.mark.slow
def test_the_network_is_better_than_the_graphs_that_taught_it() -> None:
    graphs = mostly_right(0), mostly_right(1)
    images, labels = bars(300, 1)

    spread = spread_and_train(IMAGES, FEW, graphs, PARAMS, shift=1, seed=0)

    of_graphs = [(graph.spread(FEW) == LABELS).mean() for graph in graphs]
    assert 0.8 < max(of_graphs) < 0.99
    agreed = graphs[0].spread(FEW) == graphs[1].spread(FEW)
    assert spread.agreed == pytest.approx(agreed.mean())
    assert (spread.labels == LABELS).mean() > max(of_graphs)
    assert (spread.predict(images) == labels).mean() > 0.98


@pytest.mark.slow
def test_what_no_label_reaches_is_no_agreement() -> None:
    # Two heaps, and labels in one of them alone.
    heaps = np.random.default_rng(0).normal(0, 0.1, (400, 2)).astype(np.float32)
    heaps[200:] += 100
    graph = LabelGraph.of(heaps)

    spread = spread_and_train(IMAGES, FEW, (graph, graph), PARAMS, shift=1, seed=0)

    assert spread.agreed == 0.5


@pytest.mark.slow
def test_the_same_seed_gives_the_same_and_another_something_else() -> None:
    first, again, other = (
        fit_moved(IMAGES, LABELS, np.arange(50), CLASSES, PARAMS, shift=2, seed=seed).get_weights()
        for seed in (0, 0, 1)
    )

    assert all(map(np.array_equal, first, again))
    assert not np.array_equal(first[0], other[0])


@pytest.mark.slow
def test_only_the_chosen_images_teach_and_labels_are_told_by_their_own_number() -> None:
    wrong_elsewhere = np.where(np.arange(400) < 100, LABELS, 13 - LABELS)

    network = fit_moved(IMAGES, wrong_elsewhere, np.arange(100), CLASSES, PARAMS, shift=1, seed=0)

    told = classify(network, IMAGES, CLASSES)
    assert (told == LABELS).mean() > 0.9


def test_images_move_by_whole_pixels_and_black_follows() -> None:
    image = np.zeros((1, 5, 4, 2), np.float32)
    image[0, 2, 1] = 0.5, 1
    images = np.repeat(image, 500, axis=0)

    moved = move(images, 1, np.random.default_rng(0))

    where = {tuple(np.argwhere(each[..., 1])[0]) for each in moved}
    assert where == {(row, column) for row in (1, 2, 3) for column in (0, 1, 2)}
    np.testing.assert_array_equal(moved.sum(axis=(1, 2)), images.sum(axis=(1, 2)))
    np.testing.assert_array_equal(move(images, 0, np.random.default_rng(0)), images)
