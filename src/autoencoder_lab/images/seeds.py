"""Independent seeds for each purpose, derived from the one seed of a run."""

import zlib

import numpy as np


def derive(seed: int, purpose: str, n: int = 1) -> list[int]:
    """Return `n` 31-bit seeds that differ between purposes, and repeat for the same arguments."""
    sequence = np.random.SeedSequence([seed, zlib.crc32(purpose.encode())])
    # TensorFlow reads seeds as signed 32-bit integers.
    return [int(state) >> 1 for state in sequence.generate_state(n)]
