"""Images of tests, as nodes are given them."""

import numpy as np

from autoencoder_lab.images.arrays import Pixels
from autoencoder_lab.images.sources import StoredImages


def stored(pixels: Pixels) -> StoredImages:
    return StoredImages(pixels, np.arange(len(pixels)))
