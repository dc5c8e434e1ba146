"""Spreading a few labels over a graph of all training codings."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import faiss
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components, reverse_cuthill_mckee
from scipy.stats import mode

from autoencoder_lab.images.arrays import UNLABELLED, Codings, Indices, Labels, Mask
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
    graph: "LabelGraph",
    train_labels: Labels,
    nearest: Indices,
    labels: Labels,
    draws: LabelDraws,
    *,
    key: str,
) -> pd.Series:
    """Return the test accuracy where few labels spread over all training codings.

    Each test coding has the label of most of its nearest training codings.

    Args:
        graph: Of the training codings.
        train_labels, labels: (n,). Of the first, only the drawn ones are used.
        nearest: Of the test codings, as `graph.nearest` returns them.
        key: What the accuracy is called.

    Returns:
        In [0, 1], by `labels` and `draw`. Higher is better; codings without neighbourhoods that
        are mostly of one class give chance.
    """
    accuracies = draws.empty_table(key)
    for draw in draws.draws:
        for budget in draws.budgets:
            few = np.full_like(train_labels, UNLABELLED)
            few[draw.images[:budget]] = train_labels[draw.images[:budget]]
            predicted = vote(graph.spread(few), nearest)
            accuracies[budget, draw.number] = (predicted == labels).mean()
    return accuracies


def vote(labels: Labels, nearest: Indices) -> Labels:
    """Return the label of most of the nearest (n, neighbours), for each n."""
    most_frequent: Labels = mode(labels[nearest], axis=1).mode
    return most_frequent


@dataclass(frozen=True, eq=False)
class LabelGraph:
    """Codings, each joined to its `GRAPH_NEIGHBOURS` nearest others.

    The sum of two graphs, of different codings of the same images, has the neighbours of both.

    Sources: Zhou et al., "Learning with Local and Global Consistency", NIPS 2003; the weights:
    Calder et al., "Poisson Learning", ICML 2020.

    Attributes:
        indices: What finds the nearest, of each kind of codings.
        weights: (n, n), symmetric: 0 where two are not joined.
    """

    indices: Sequence[faiss.Index]
    weights: sparse.csr_array

    @classmethod
    def of(cls, codings: Codings) -> "LabelGraph":
        """Join codings (n, latent_dim), n 2 or more."""
        index = _index(codings)
        return cls([index], _join(codings, index))

    def __add__(self, other: "LabelGraph") -> "LabelGraph":
        return LabelGraph([*self.indices, *other.indices], self.weights + other.weights)

    def nearest(self, *codings: Codings, n: int = TEST_NEIGHBOURS) -> Indices:
        """Return the indices (n codings, n) of the nearest codings in the graph.

        Args:
            codings: Of a sum of graphs, some for each, of the same images; n of each are returned.
            n: Never more than there are in the graph.
        """
        n = min(n, self.weights.shape[0])
        found = [
            index.search(of_one, n)[1] for index, of_one in zip(self.indices, codings, strict=True)
        ]
        return np.concatenate(found, axis=1).astype(np.intp)

    @cached_property
    def _steps(self) -> tuple[Indices, sparse.csr_array]:
        """An order of the codings, and the weights between them by which labels spread a step."""
        # Neighbours side by side in memory halve the time of a product.
        order = reverse_cuthill_mckee(self.weights, symmetric_mode=True)
        ordered = self.weights[order][:, order]
        scale = sparse.diags_array(1 / np.sqrt(ordered.sum(axis=0)))
        return order, (ALPHA * scale @ ordered @ scale).astype(np.float32)

    @cached_property
    def _parts(self) -> Indices:
        """The number of the part of each coding: none is joined to one of another part."""
        _, parts = connected_components(self.weights, directed=False)
        return np.asarray(parts, np.intp)

    def reached(self, labels: Labels) -> Mask:
        """Return which codings a label can spread to, from those that are not `UNLABELLED`."""
        return np.isin(self._parts, self._parts[labels != UNLABELLED])

    def spread(self, labels: Labels) -> Labels:
        """Return a label for each coding, from those that are not `UNLABELLED`: one or more.

        Where none of them reaches, it is the first class.
        """
        order, weights = self._steps
        ordered = labels[order]
        [given] = np.nonzero(ordered != UNLABELLED)
        classes, of_given = np.unique(ordered[given], return_inverse=True)
        shares = np.zeros((len(labels), len(classes)), np.float32)
        shares[given, of_given] = 1
        kept = np.float32(1 - ALPHA) * shares
        # As scikit-learn's LabelSpreading does it, which takes twice as long: it normalises the
        # weights again for each few labels, and computes with twice as many bits.
        for _ in range(MOST_STEPS):
            before, shares = shares, weights @ shares
            shares += kept
            before -= shares
            if np.abs(before, out=before).sum() < TOLERANCE * len(given):
                break
        spread = np.empty_like(labels)
        spread[order] = classes[shares.argmax(axis=1)]
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
