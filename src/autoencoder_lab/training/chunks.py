"""Images as a fit reads them: in chunks of so many bytes, so that they need not fit in memory."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from autoencoder_lab import seeds
from autoencoder_lab.arrays import ImageSource

BYTES_A_MEGABYTE = 10**6

LAST_CHUNK = 2**62
"""There is no end to them."""

Chunk = tuple[npt.NDArray[np.float32], np.int32]
"""Images in the order of the fit, and the number of their first batch."""


@dataclass(frozen=True)
class Chunks:
    """Images, in chunks of whole batches.

    While one chunk is computed with, the next is read: two are in memory. Their size changes
    nothing that is learnt.

    Attributes:
        images: (n, …), or codings of them; where they are stored, they are scaled as they are read.
        megabytes: Of a chunk, at most, unless a batch is larger.
    """

    images: ImageSource
    batch_size: int
    megabytes: int

    @property
    def size(self) -> int:
        """The number of images in each but the last, which may be smaller."""
        n_bytes_each = 4 * math.prod(self.images.shape[1:])  # as floats
        n_fitting = self.megabytes * BYTES_A_MEGABYTE // n_bytes_each
        return max(n_fitting // self.batch_size, 1) * self.batch_size

    def __len__(self) -> int:
        """Return the number of chunks in an epoch."""
        return -(-len(self.images) // self.size)

    def epochs(self, *, seed: int) -> tf.data.Dataset:
        """Return the chunks of one epoch after another, for ever.

        The order and the noise of an epoch are functions of the seed and its number, so that a
        fit can be continued.
        """
        order_seed, noise_seed = seeds.derive(seed, "order and noise of the batches", 2)
        n_batches = -(-len(self.images) // self.batch_size)

        @lru_cache(maxsize=1)
        def order_of(epoch: int) -> npt.NDArray[np.int64]:
            return np.random.default_rng([order_seed, epoch]).permutation(len(self.images))

        def chunk(number: np.int64) -> Chunk:
            epoch, place = divmod(int(number), len(self))
            start = place * self.size
            first_batch = epoch * n_batches + start // self.batch_size
            return self.images[order_of(epoch)[start : start + self.size]], np.int32(first_batch)

        return self._dataset(chunk, noise_seed)

    def in_order(self, *, seed: int) -> tf.data.Dataset:
        """Return the chunks of all images in their order, for ever, with the same noise."""
        [noise_seed] = seeds.derive(seed, "noise of the validation images")

        def chunk(number: np.int64) -> Chunk:
            start = int(number) % len(self) * self.size
            return self.images[start : start + self.size], np.int32(start // self.batch_size)

        return self._dataset(chunk, noise_seed)

    def _dataset(self, chunk: Callable[[np.int64], Chunk], noise_seed: int) -> tf.data.Dataset:
        def element(number: tf.Tensor) -> tuple[tf.Tensor, int, tf.Tensor]:
            images, first_batch = tf.numpy_function(chunk, [number], [tf.float32, tf.int32])
            return tf.ensure_shape(images, (None, *self.images.shape[1:])), noise_seed, first_batch

        options = tf.data.Options()
        options.autotune.enabled = False  # Keras starts over each epoch, which took 10 ms with it
        dataset = tf.data.Dataset.range(LAST_CHUNK).map(element).prefetch(1)
        return dataset.with_options(options)
