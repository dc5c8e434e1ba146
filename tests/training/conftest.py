"""Images to fit to."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from autoencoder_lab.images.arrays import Images


@pytest.fixture(scope="session")
def digits() -> Images:
    """Return all digits: 8 x 8 pixels, read-only."""
    images: Images = (load_digits().images[..., np.newaxis] / 16).astype(np.float32)
    images.setflags(write=False)
    return images
