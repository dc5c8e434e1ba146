"""The order of batches from few images that are seen repeatedly."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Order = npt.NDArray[np.int32]
"""(batches, batch size): the places of the images in each batch."""


def repeated(n: int, *, n_batches: int, batch_size: int, seed: int | Sequence[int]) -> Order:
    """Return batches of all n images in a random order, then in another, and so on."""
    rng = np.random.default_rng(seed)
    n_drawn = n_batches * batch_size
    orders = [rng.permutation(n) for _ in range(-(-n_drawn // n))]
    drawn = np.concatenate(orders)[:n_drawn].astype(np.int32)
    return drawn.reshape(n_batches, batch_size)
