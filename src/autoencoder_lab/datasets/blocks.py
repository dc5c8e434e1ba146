"""Reading arrays in parts, as they may be larger than memory."""

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FoundArray = npt.NDArray[np.generic]

BYTES_AT_ONCE = 2**24

MOST_PACKED = 1032
"""Bytes that a byte of a gzip or zip file can stand for."""


@dataclass(frozen=True)
class Blocks:
    """An array that a file holds.

    Attributes:
        shape, dtype: Of the whole array.
        read: Yields its parts along the first axis, in order; each call starts afresh.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[], Generator[FoundArray]]

    @property
    def n_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize

    def whole(self) -> FoundArray:
        """Return the array, in memory."""
        none = np.empty((0, *self.shape[1:]), self.dtype)
        parts = list(self.read())
        return np.concatenate([none, *parts]) if self.shape else parts[0]


def block_sizes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Iterator[int]:
    """Yield how many items of an array's first axis are read at once, until all are."""
    n_left = shape[0]
    n_bytes = math.prod(shape[1:]) * dtype.itemsize
    n_fitting = max(BYTES_AT_ONCE // n_bytes, 1) if n_bytes else n_left
    while n_left:
        yield min(n_fitting, n_left)
        n_left -= min(n_fitting, n_left)
