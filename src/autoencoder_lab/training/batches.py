"""Arrays in memory as a stream of batches whose order depends on an explicit seed alone."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf


def shuffled_batches(
    inputs: npt.NDArray[np.generic], targets: npt.NDArray[np.generic], *, batch_size: int, seed: int
) -> tf.data.Dataset:
    """Return one epoch of pairs, in another order each epoch; the last batch may be smaller."""
    # Keras' own shuffle draws from TensorFlow's global seed, which variants would share.
    order = tf.data.Dataset.range(len(inputs)).shuffle(
        len(inputs), seed=seed, reshuffle_each_iteration=True
    )
    all_inputs, all_targets = tf.constant(inputs), tf.constant(targets)
    return order.batch(batch_size).map(
        lambda indices: (tf.gather(all_inputs, indices), tf.gather(all_targets, indices))
    )
