"""Orders of images in which any first few are a fair sample."""

import numpy as np
import numpy.typing as npt

from autoencoder_lab.arrays import Labels


def stratified_order(labels: Labels, *, seed: int) -> npt.NDArray[np.intp]:
    """Return all indices in a random order, in whose first n each class has its share, for any n.

    Where there are no labels, the order is random.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    # How far through its class each image comes: the smallest n of these are a fair share.
    position = np.empty(len(labels))
    for label in np.unique(labels):
        of_class = order[labels[order] == label]
        position[of_class] = (np.arange(len(of_class)) + rng.random()) / len(of_class)
    return np.argsort(position, kind="stable")
