"""Importing TensorFlow, and the environment variables that it reads then."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline

WITH_TENSORFLOW = {"corrupt_images", "reconstruct_samples", "train_judge", "train_on_labels_alone"}
"""Of the nodes that variants share, those that import it."""


class SetUpTensorflow:
    """Makes TensorFlow quiet, and its sums the same on every run."""

    @hook_impl
    def after_context_created(self) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors only
        # More threads are no faster on models of this size, and would leave the order in which
        # partial sums are added, and so the last bits, to the machine's number of cores.
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline) -> None:
        if any(node.namespace or node.name in WITH_TENSORFLOW for node in pipeline.nodes):
            import_tensorflow()


def import_tensorflow() -> None:
    """Import TensorFlow, and let it look for GPUs, without a word."""
    # Where there is no GPU, TensorFlow says so five times, at whatever log level:
    # https://github.com/tensorflow/tensorflow/issues/100442
    with _without_standard_error():
        import tensorflow as tf

        tf.config.list_physical_devices()


@contextmanager
def _without_standard_error() -> Iterator[None]:
    """Discard what C++ writes to standard error, past Python's `sys.stderr`."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
