"""How well a two-dimensional map preserves neighbourhoods, and separates the classes."""

from scipy.stats import mode
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from autoencoder_lab.images.arrays import Codings, Labels, Points

NEIGHBOURS = 5


def tsne_trustworthiness(codings: Codings, points: Points) -> float:
    """Return to what degree neighbours on the map are neighbours among the codings.

    Args:
        codings: (n, latent_dim), n 3 or more; below 11, fewer than `NEIGHBOURS` are looked at.
        points: (n, 2).

    Returns:
        In [0, 1]. Higher is better; a map that keeps every neighbourhood scores 1, and
        random points about 0.5.

    Source: Venna and Kaski, "Neighborhood Preservation in Nonlinear Projection Methods", 2001.
    """
    n_neighbours = min(NEIGHBOURS, (len(codings) - 1) // 2)
    return float(trustworthiness(codings, points, n_neighbors=n_neighbours))


def tsne_knn_accuracy(points: Points, labels: Labels) -> float:
    """Return how often the majority of a point's `NEIGHBOURS` nearest others is of its class.

    Args:
        points: (n, 2), n 3 or more; below 6, all others are its neighbours.
        labels: (n,), all labelled.

    Returns:
        In [0, 1]. Higher is better; a random map gives chance.
    """
    nearest = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(points) - 1)).fit(points)
    neighbours = nearest.kneighbors(return_distance=False)  # of each but itself
    majority = mode(labels[neighbours], axis=1).mode
    return float((majority == labels).mean())
