"""Reading images in chunks of limited size, so that a fit's data need not fit in memory."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from autoencoder_lab.images import seeds
from autoencoder_lab.images.arrays import Images, ImageSource, Labels

from .orders import Order, repeated

BYTES_A_MEGABYTE = 10**6

LAST_CHUNK = 2**62
"""There is no end to them."""

Chunk = tuple[npt.NDArray[np.float32], np.int32]
"""Images in the order of the fit, and the number of their first batch."""


@dataclass(frozen=True)
class Labelled:
    """The images of a fit whose classes are known: few, and all of them in memory.

    Attributes:
        images: (n, height, width, channels), in [0, 1].
        classes: (n,), from 0.
        batch_size: How many of them go with each batch of the others.
    """

    images: Images
    classes: Labels
    batch_size: int


@dataclass(frozen=True)
class Chunks:
    """Images, in chunks of whole batches.

    While one chunk is computed with, the next is read: two are in memory. Their size changes
    nothing that is learnt.

    Attributes:
        images: (n, …), or codings of them; where they are stored, they are scaled as they are read.
        megabytes: Of a chunk, at most, unless a batch is larger.
        labelled: The images whose classes are known, where a fit has any; never a part of `images`,
            so that no objective can peek.
    """

    images: ImageSource
    batch_size: int
    megabytes: int
    labelled: Labelled | None = None

    @property
    def size(self) -> int:
        """The number of images in each but the last, which may be smaller."""
        n_bytes_each = 4 * math.prod(self.images.shape[1:])  # as floats
        n_fitting = self.megabytes * BYTES_A_MEGABYTE // n_bytes_each
        return max(n_fitting // self.batch_size, 1) * self.batch_size

    def __len__(self) -> int:
        """Return the number of chunks in an epoch."""
        return -(-len(self.images) // self.size)

    @property
    def n_batches(self) -> int:
        """The number of batches in an epoch."""
        return -(-len(self.images) // self.batch_size)

    def epochs(self, *, seed: int, n_before: int = 0) -> tf.data.Dataset:
        """Return the chunks of one epoch after another, for ever.

        The orders and the noise of an epoch are functions of the seed and its number, so that a
        fit can be continued after `n_before` epochs.
        """
        order_seed, noise_seed = seeds.derive(seed, "order and noise of the batches", 2)

        @lru_cache(maxsize=1)
        def order_of(epoch: int) -> npt.NDArray[np.int64]:
            return np.random.default_rng([order_seed, epoch]).permutation(len(self.images))

        def chunk(number: np.int64) -> Chunk:
            epoch, place = divmod(int(number), len(self))
            start = place * self.size
            first_batch = epoch * self.n_batches + start // self.batch_size
            return self.images[order_of(epoch)[start : start + self.size]], np.int32(first_batch)

        return self._dataset(chunk, noise_seed, seed, first=n_before * len(self))

    def in_order(self, *, seed: int) -> tf.data.Dataset:
        """Return the chunks of all images in their order, for ever, with the same noise."""
        [noise_seed] = seeds.derive(seed, "noise of the validation images")

        def chunk(number: np.int64) -> Chunk:
            start = int(number) % len(self) * self.size
            return self.images[start : start + self.size], np.int32(start // self.batch_size)

        return self._dataset(chunk, noise_seed, seed)

    def _dataset(
        self, chunk: Callable[[np.int64], Chunk], noise_seed: int, seed: int, *, first: int = 0
    ) -> tf.data.Dataset:
        def element(number: tf.Tensor) -> tuple[tf.Tensor, ...]:
            images, first_batch = tf.numpy_function(chunk, [number], [tf.float32, tf.int32])
            images = tf.ensure_shape(images, (None, *self.images.shape[1:]))
            return images, noise_seed, first_batch, *self._labelled_part(first_batch, seed)

        options = tf.data.Options()
        options.autotune.enabled = False  # Keras starts over each epoch, which took 10 ms with it
        dataset = tf.data.Dataset.range(first, LAST_CHUNK).map(element).prefetch(1)
        return dataset.with_options(options)

    def _labelled_part(self, first_batch: tf.Tensor, seed: int) -> tuple[tf.Tensor, ...]:
        """Return the labelled images, their classes, and which go with each batch of a chunk."""
        if self.labelled is None:
            return ()
        images, batch_size = self.labelled.images, self.labelled.batch_size
        [order_seed] = seeds.derive(seed, "order of the labelled images")

        @lru_cache(maxsize=1)
        def order_of(epoch: int) -> Order:
            return repeated(
                len(images),
                n_batches=self.n_batches,
                batch_size=batch_size,
                seed=(order_seed, epoch),
            )

        def order(first_batch: np.int32) -> Order:
            epoch, place = divmod(int(first_batch), self.n_batches)
            return order_of(epoch)[place : place + self.size // self.batch_size]

        places = tf.numpy_function(order, [first_batch], tf.int32)
        return (
            tf.constant(images),
            tf.constant(self.labelled.classes),
            tf.ensure_shape(places, (None, batch_size)),
        )
