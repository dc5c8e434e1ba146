"""scikit-learn's small digits, for runs in seconds."""

import numpy as np

from autoencoder_lab.images.arrays import RawImages


def load() -> RawImages:
    """Return the 1797 images of 8 x 8 pixels, without a test split of their own.

    Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository (1998).
    """
    from sklearn.datasets import load_digits  # takes a second

    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)[..., np.newaxis]  # values are 0 to 16
    return RawImages(images, digits.target.astype(np.int64))
