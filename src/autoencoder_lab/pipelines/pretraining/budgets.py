"""Which images a classifier may see the labels of."""

import numpy as np
import numpy.typing as npt

from autoencoder_lab.arrays import Labels


def choose_labelled(labels: Labels, n: int, *, seed: int) -> npt.NDArray[np.intp]:
    """Return the indices of `n` images, in which each class has its share.

    For the same seed, smaller budgets are parts of larger ones.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    # How far through its class each image comes: the smallest n of these are a fair share.
    position = np.empty(len(labels))
    for label in np.unique(labels):
        of_class = order[labels[order] == label]
        position[of_class] = (np.arange(len(of_class)) + rng.random()) / len(of_class)
    return np.argsort(position, kind="stable")[:n]
