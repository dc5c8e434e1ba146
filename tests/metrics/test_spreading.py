from collections import Counter

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components
from sklearn.neighbors import NearestNeighbors
from sklearn.semi_supervised import LabelSpreading

from autoencoder_lab.images.arrays import UNLABELLED
from autoencoder_lab.images.samples import draw_budgets
from autoencoder_lab.metrics.spreading import (
    ALPHA,
    COARSE_DIM,
    GRAPH_NEIGHBOURS,
    LEAST_CODED_DIM,
    MANY,
    TOLERANCE,
    LabelGraph,
    _index,
    _join,
    spread_accuracies,
)


def rings(n: int, dim: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return codings on two rings, one within the other: near each other, but never mixed."""
    rng = np.random.default_rng(seed)
    labels = 3 + 4 * (np.arange(n) % 2)
    angle = rng.uniform(0, 2 * np.pi, n)
    codings = rng.normal(0, 0.01, (n, dim)).astype(np.float32)
    codings[:, 0] += (labels - 2) * np.cos(angle)
    codings[:, 1] += (labels - 2) * np.sin(angle)
    codings.setflags(write=False)
    return codings, labels


def accuracies(
    train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray], budget: int = 4
) -> list[float]:
    draws = draw_budgets(train[1], [budget], n_draws=3, seed=0)
    graph = LabelGraph.of(train[0])
    table = spread_accuracies(
        graph, train[1], graph.nearest(test[0]), test[1], draws, key="pretraining/spread"
    )
    assert table.index.tolist() == [(budget, 0), (budget, 1), (budget, 2)]
    return table.tolist()


def test_two_labels_a_class_are_enough_where_neighbours_are_of_one_class() -> None:
    assert accuracies(rings(600), rings(200, seed=1)) == [1, 1, 1]


def test_codings_that_tell_nothing_give_chance() -> None:
    rng = np.random.default_rng(0)
    train, test = (
        (rng.normal(size=(n, 3)).astype(np.float32), np.arange(n) % 2) for n in (2000, 1000)
    )

    assert np.mean(accuracies(train, test, budget=100)) == pytest.approx(0.5, abs=0.06)


def test_labels_that_were_not_drawn_are_not_looked_at() -> None:
    # The cheat: all other labels are wrong, which a classifier that saw them would follow.
    codings, labels = rings(600)
    draws = draw_budgets(labels, [4], n_draws=1, seed=0)
    [draw] = draws.draws
    others_wrong = 10 - labels
    others_wrong[draw.images] = labels[draw.images]
    graph, (test_codings, test_labels) = LabelGraph.of(codings), rings(200, seed=1)

    table = spread_accuracies(
        graph, others_wrong, graph.nearest(test_codings), test_labels, draws, key="spread"
    )

    assert table.tolist() == [1]


@pytest.mark.slow
@pytest.mark.parametrize("n", [700, MANY])
@pytest.mark.parametrize("dim", [3, LEAST_CODED_DIM, COARSE_DIM + 36])
def test_the_graph_joins_the_nearest_others(n: int, dim: int) -> None:
    codings = np.random.default_rng(0).normal(size=(n, dim)).astype(np.float32)
    codings[:, 20:] *= 0.01

    neighbours = LabelGraph.of(codings).nearest(codings[:700], n=GRAPH_NEIGHBOURS + 1)

    exact = NearestNeighbors(n_neighbors=GRAPH_NEIGHBOURS + 1).fit(codings)
    expected = exact.kneighbors(codings[:700], return_distance=False)
    found = [len({*row} & {*of_row}) for row, of_row in zip(neighbours, expected, strict=True)]
    assert np.mean(found) >= 0.999 * (GRAPH_NEIGHBOURS + 1)


@pytest.mark.parametrize("n_labels", [2, 40])
def test_labels_spread_as_scikit_learns_do(n_labels: int) -> None:
    codings, classes = rings(600)
    labels = np.where(np.arange(600) < n_labels, classes, UNLABELLED)
    weights = _join(codings, _index(codings))

    theirs = LabelSpreading(
        kernel=lambda *_: weights, alpha=ALPHA, tol=TOLERANCE * n_labels, max_iter=1000
    ).fit(codings, labels)

    assert (LabelGraph.of(codings).spread(labels) == theirs.transduction_).all()


def test_a_label_stays_its_own_and_the_nearer_wins() -> None:
    line = np.linspace(0, 1, 101, dtype=np.float32)[:, np.newaxis]
    labels = np.full(101, UNLABELLED)
    labels[[0, 80]] = 5, 9

    spread = LabelGraph.of(line).spread(labels)

    assert spread[0] == 5
    assert spread[80] == 9
    assert Counter(spread.tolist())[9] > 50


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 70, 300, MANY])
@pytest.mark.parametrize("dim", [1, 80])
def test_equal_codings_are_joined_too(n: int, dim: int) -> None:
    labels = np.full(n, UNLABELLED)
    labels[0] = 2

    spread = LabelGraph.of(np.zeros((n, dim), np.float32)).spread(labels)

    assert set(spread) <= {2}


@pytest.mark.slow
@pytest.mark.parametrize("n", [500, MANY])
def test_the_same_codings_give_the_same_labels(n: int) -> None:
    codings = np.random.default_rng(0).normal(size=(n, 100)).astype(np.float32)
    labels = np.where(np.arange(n) < 50, np.arange(n) % 7, UNLABELLED)

    assert (LabelGraph.of(codings).spread(labels) == LabelGraph.of(codings).spread(labels)).all()


def test_a_sum_of_graphs_spreads_labels_where_either_would_not() -> None:
    # Of the four groups, each kind of codings parts two pairs.
    group = np.arange(400) % 4
    noise = np.random.default_rng(0).normal(0, 0.01, (2, 400, 3)).astype(np.float32)
    by_one, by_other = noise[0] + (group // 2)[:, None], noise[1] + (group % 2)[:, None]
    labels = np.where(np.arange(400) == 0, 7, UNLABELLED)
    one, other = LabelGraph.of(by_one), LabelGraph.of(by_other)
    both = one + other

    components = [connected_components(graph.weights)[0] for graph in (one, other, both)]
    nearest = both.nearest(by_one[:5], by_other[:5])

    assert components == [2, 2, 1]
    np.testing.assert_array_equal(one.reached(labels), group // 2 == 0)
    assert both.reached(labels).all()
    assert (both.spread(labels) == 7).all()
    np.testing.assert_allclose(
        both.weights.toarray(), one.weights.toarray() + other.weights.toarray()
    )
    np.testing.assert_array_equal(nearest[:, :5], one.nearest(by_one[:5]))
    np.testing.assert_array_equal(nearest[:, 5:], other.nearest(by_other[:5]))
