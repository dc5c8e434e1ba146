"""What codings say about the classes, which no training has seen."""

from collections.abc import Callable

import numpy as np
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import normalized_mutual_info_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from autoencoder_lab.images.arrays import Codings, Labels

NEIGHBOURS = 5


def linear_probe(
    train_codings: Codings, train_labels: Labels
) -> Callable[[Codings, Labels], float]:
    """Return what measures the accuracy of a linear probe: logistic regression on codings.

    Codings are standardised; scaling and probe are fitted on the training codings alone.

    Args:
        train_codings: (n, latent_dim), as other codings are.
        train_labels: (n,), all labelled, as other labels are.

    Returns:
        From codings and labels to a number in [0, 1]. Higher is better; codings that tell nothing
        give the share of the most frequent class.

    Source: Alain and Bengio, "Understanding intermediate layers using linear classifier probes",
    2016.
    """
    [first, *others] = np.unique(train_labels)
    if not others:  # there is nothing to learn
        return lambda codings, labels: float((labels == first).mean())
    probe = make_pipeline(StandardScaler(), LogisticRegression(tol=1e-3, max_iter=1000))
    probe.fit(train_codings, train_labels)
    return lambda codings, labels: float(probe.score(codings, labels))


def knn_accuracy(
    train_codings: Codings, train_labels: Labels, codings: Codings, labels: Labels
) -> float:
    """Return the test accuracy of the majority of the `NEIGHBOURS` nearest training codings.

    Args:
        train_codings, codings: (n, latent_dim).
        train_labels, labels: (n,), all labelled.

    Returns:
        In [0, 1]. Higher is better; codings that tell nothing give chance.
    """
    n_neighbours = min(NEIGHBOURS, len(train_codings))
    probe = KNeighborsClassifier(n_neighbours, algorithm="brute")
    return float(probe.fit(train_codings, train_labels).score(codings, labels))


def cluster_nmi(codings: Codings, labels: Labels, *, seed: int) -> float:
    """Return the normalised mutual information of classes and as many k-means clusters.

    Args:
        codings: (n, latent_dim).
        labels: (n,), all labelled.

    Returns:
        In [0, 1]. Higher is better; clusters that are the classes score 1, whatever their numbers,
        and random ones about 0.

    Source: Strehl and Ghosh, "Cluster Ensembles", JMLR 3 (2002).
    """
    clusters = KMeans(len(np.unique(labels)), n_init=5, random_state=seed).fit_predict(codings)
    return float(normalized_mutual_info_score(labels, clusters))
