"""Spreading a few labels over a graph of all training codings."""

import faiss
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import reverse_cuthill_mckee
from scipy.stats import mode

from autoencoder_lab.images.arrays import UNLABELLED, Codings, Indices, Labels
from autoencoder_lab.images.samples import LabelDraws

GRAPH_NEIGHBOURS = 10
TEST_NEIGHBOURS = 5
ALPHA = 0.99  # how much of a label comes from the neighbours
TOLERANCE = 0.01  # of all labels' weight: smaller changes accuracies by less than 0.1 %
MOST_STEPS = 1000
COARSE_DIM = 64  # neighbours of longer codings are looked for among their first components
MANY = 5_000  # so many codings, of so many numbers or more, are compared by codes of them
LEAST_CODED_DIM = 16
CANDIDATES = 8  # times as many are found coarsely; of these, all numbers tell the nearest
N_TRAINED = 20_000  # codings that components and codes are fitted to


def spread_accuracies(
    train_codings: Codings,
    train_labels: Labels,
    codings: Codings,
    labels: Labels,
    draws: LabelDraws,
) -> pd.Series:
    """Return the test accuracy where few labels spread over all training codings.

    Each test coding has the label of most of its `TEST_NEIGHBOURS` nearest training codings.

    Args:
        train_codings, codings: (n, latent_dim).
        train_labels, labels: (n,). Of the first, only the drawn ones are used.

    Returns:
        In [0, 1], by `labels` and `draw`. Higher is better; codings without neighbourhoods that
        are mostly of one class give chance.
    """
    accuracies = draws.empty_table("pretraining/spread")
    if accuracies.empty:
        return accuracies  # without the seconds that a graph takes
    graph = LabelGraph(train_codings)
    nearest = graph.nearest(codings, min(TEST_NEIGHBOURS, len(train_codings)))
    for draw in draws.draws:
        for budget in draws.budgets:
            few = np.full_like(train_labels, UNLABELLED)
            few[draw.images[:budget]] = train_labels[draw.images[:budget]]
            predicted = mode(graph.spread(few)[nearest], axis=1).mode
            accuracies[budget, draw.number] = (predicted == labels).mean()
    return accuracies


class LabelGraph:
    """Codings, each joined to its `GRAPH_NEIGHBOURS` nearest others.

    Sources: Zhou et al., "Learning with Local and Global Consistency", NIPS 2003; the weights:
    Calder et al., "Poisson Learning", ICML 2020.
    """

    def __init__(self, codings: Codings) -> None:
        """Join codings (n, latent_dim), n 2 or more."""
        self._index = _index(codings)
        weights = _join(codings, self._index)
        # Neighbours side by side in memory halve the time of a product.
        self._order = reverse_cuthill_mckee(weights, symmetric_mode=True)
        ordered = weights[self._order][:, self._order]
        scale = sparse.diags_array(1 / np.sqrt(ordered.sum(axis=0)))
        self._weights = (ALPHA * scale @ ordered @ scale).astype(np.float32)

    def nearest(self, codings: Codings, n: int) -> Indices:
        """Return the indices (n codings, n) of the nearest codings in the graph."""
        _, neighbours = self._index.search(codings, n)
        nearest: Indices = neighbours.astype(np.intp)
        return nearest

    def spread(self, labels: Labels) -> Labels:
        """Return a label for each coding, from those that are not `UNLABELLED`: one or more."""
        ordered = labels[self._order]
        [given] = np.nonzero(ordered != UNLABELLED)
        classes, of_given = np.unique(ordered[given], return_inverse=True)
        shares = np.zeros((len(labels), len(classes)), np.float32)
        shares[given, of_given] = 1
        kept = np.float32(1 - ALPHA) * shares
        # As scikit-learn's LabelSpreading does it, which takes twice as long: it normalises the
        # weights again for each few labels, and computes with twice as many bits.
        for _ in range(MOST_STEPS):
            before, shares = shares, self._weights @ shares
            shares += kept
            before -= shares
            if np.abs(before, out=before).sum() < TOLERANCE * len(given):
                break
        spread = np.empty_like(labels)
        spread[self._order] = classes[shares.argmax(axis=1)]
        return spread


def _join(codings: Codings, index: faiss.Index) -> sparse.csr_array:
    """Return symmetric weights (n, n): exp(-4 (d / d of the farthest neighbour)²)."""
    n = len(codings)
    n_neighbours = min(GRAPH_NEIGHBOURS, n - 1)
    squares, neighbours = index.search(codings, n_neighbours + 1)
    is_other = neighbours != np.arange(n)[:, np.newaxis]
    is_other[is_other.all(axis=1), -1] = False  # among equal codings, one may miss itself
    squares, neighbours = (
        table[is_other].reshape(n, n_neighbours) for table in (squares, neighbours)
    )
    farthest = squares.max(axis=1, keepdims=True)
    shares = np.divide(squares, farthest, out=np.zeros_like(squares), where=farthest > 0)
    values = np.exp(-4 * shares)
    # Short indices halve the time of a product, too.
    columns = neighbours.astype(np.int32)
    starts = np.arange(0, columns.size + 1, n_neighbours, dtype=np.int32)
    weights = sparse.csr_array((values.ravel(), columns.ravel(), starts), shape=(n, n))
    return weights.maximum(weights.T)


def _index(codings: Codings) -> faiss.Index:
    """Return what finds nearest neighbours: of few codings exactly, of many nearly so, and faster.

    A number's code is one of 16 levels, by which processors compare many codings at once. Of the
    55,000 images of MNIST, and of their components, 0.9997 of the neighbours found are the nearest.

    Source: André, Kermarrec and Le Scouarnec, "Quicker ADC", IEEE TPAMI 2021.
    """
    faiss.omp_set_num_threads(1)  # of this thread: see session/threads.py
    n, dim = codings.shape
    is_long = min(n, dim) > COARSE_DIM
    coarse_dim = COARSE_DIM if is_long else dim
    is_coded = n >= MANY and coarse_dim >= LEAST_CODED_DIM
    steps = [f"PCA{coarse_dim}"] * is_long
    steps += [f"PQ{coarse_dim}x4fs"] if is_coded else ["Flat"]
    steps += ["RFlat"] * (is_long or is_coded)
    index = faiss.index_factory(dim, ",".join(steps))
    if is_long or is_coded:
        index.k_factor = CANDIDATES  # type: ignore[attr-defined]  # its stubs leave it out
        index.train(codings[:N_TRAINED])
    index.add(codings)
    return index
