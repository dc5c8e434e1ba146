"""How well a two-dimensional map keeps the neighbourhoods of the codings."""

from sklearn.manifold import trustworthiness

from autoencoder_lab.arrays import Codings, Points

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
