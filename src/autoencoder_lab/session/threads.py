"""Limiting numerical libraries to one thread, for reproducible sums."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def one_thread_a_sum() -> Iterator[None]:
    """Let NumPy, SciPy and scikit-learn add up in one thread, as long as this lasts.

    The last bits of a sum depend on the number of threads that add it up, and a t-SNE map on the
    last bits. And threads that wait for each other, where another process has work, take a
    multiple of the time.

    It holds for the whole process, but for OpenMP, which each thread has to be told about.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # for what is loaded later
    with threadpool_limits(1):
        yield
