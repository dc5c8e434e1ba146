"""Images that are computed as they are read, so that they need not fit in memory."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from .arrays import (
    Autoencoder,
    Codings,
    Images,
    ImageSource,
    Indices,
    Pixels,
    Rows,
    as_images,
    batches,
    predicted_at_once,
)


@dataclass(frozen=True, eq=False)
class StoredImages:
    """Images of a data set, scaled as they are read.

    Attributes:
        pixels: All images of a part of the data set, in memory or mapped from a file.
        rows: Which of them, in which order.
    """

    pixels: Pixels
    rows: Indices

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.rows), *self.pixels.shape[1:]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: Rows, /) -> Images:
        return as_images(self.pixels[self.rows[rows]])

    def take(self, places: Rows) -> "StoredImages":
        """Return some of the images, unread."""
        return StoredImages(self.pixels, self.rows[places])

    def first(self, n: int) -> "StoredImages":
        """Return the first images, unread."""
        return self.take(slice(n))


@dataclass(frozen=True, eq=False)
class MadeOfImages(ABC):
    """An image for each of others, of the same shape."""

    images: ImageSource

    @property
    def shape(self) -> tuple[int, ...]:
        return self.images.shape

    def __len__(self) -> int:
        return len(self.images)

    @abstractmethod
    def __getitem__(self, rows: Rows, /) -> Images: ...


@dataclass(frozen=True, eq=False)
class Reconstructions(MadeOfImages):
    """What an autoencoder makes of images."""

    model: Autoencoder

    def __getitem__(self, rows: Rows, /) -> Images:
        images = self.images[rows]
        return np.concatenate([self.model.predict_on_batch(batch) for batch in batches(images)])


@dataclass(frozen=True, eq=False)
class DecodedCodings:
    """The images that a decoder makes of codings.

    Attributes:
        codings: (n, latent_dim), flat.
    """

    codings: Codings
    decoder: Autoencoder

    @property
    def shape(self) -> tuple[int, ...]:
        _, *of_one = self.decoder.output_shape
        return len(self.codings), *(size or 1 for size in of_one)

    def __len__(self) -> int:
        return len(self.codings)

    def __getitem__(self, rows: Rows, /) -> Images:
        _, *of_one = self.decoder.input_shape
        codings = self.codings[rows]
        shaped = codings.reshape(len(codings), *(size or 1 for size in of_one))
        n_at_once = predicted_at_once(self.shape)
        parts = [
            self.decoder.predict_on_batch(shaped[start : start + n_at_once])
            for start in range(0, len(shaped), n_at_once)
        ]
        return np.concatenate(parts)


def draw_from_prior(decoder: Autoencoder, n: int, *, seed: int) -> DecodedCodings:
    """Return the images of n codings of a standard normal distribution, the same for a seed."""
    _, *of_one = decoder.input_shape
    n_numbers = math.prod(size or 1 for size in of_one)
    codings = np.random.default_rng(seed).standard_normal((n, n_numbers), np.float32)
    return DecodedCodings(codings, decoder)


def encode(encoder: Autoencoder, images: ImageSource) -> Codings:
    """Return the codings of all images, flattened to (n, latent_dim)."""
    # Keras' `predict` would take longer to begin than to encode a batch.
    codings = [encoder.predict_on_batch(batch).reshape(len(batch), -1) for batch in batches(images)]
    return np.concatenate(codings)
