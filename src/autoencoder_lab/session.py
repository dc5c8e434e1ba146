"""A Kedro session for experiments: how its nodes run, and how it ends."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from kedro.framework.session import KedroSession
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro.runner import AbstractRunner, SequentialRunner, ThreadRunner

from .runner import VariantRunner, VariantSpecs
from .threads import one_thread_a_sum


class ExperimentSession(KedroSession):
    """Runs variant by variant, and lets hooks know also where it is interrupted."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._hook_manager.add_hookspecs(VariantSpecs)

    def run(  # type: ignore[override]
        self, *, runner: AbstractRunner | None = None, **options: Any
    ) -> dict[str, Any]:
        """Run as `KedroSession.run` does; Kedro's sequential and thread runner give way to ours."""
        with _signals_raise(), one_thread_a_sum():
            try:
                return super().run(runner=_by_variant(runner), **options)
            except (KeyboardInterrupt, SystemExit) as interruption:
                # Kedro tells hooks of exceptions alone.
                self._hook_manager.hook.on_pipeline_error(
                    error=interruption, run_params={}, pipeline=Pipeline([]), catalog=DataCatalog()
                )
                raise


def _by_variant(runner: AbstractRunner | None) -> AbstractRunner | None:
    n_nodes = os.cpu_count() or 1
    if runner is None:
        return VariantRunner(n_nodes)
    if type(runner) is SequentialRunner:  # not a runner of the user's own
        return VariantRunner(n_nodes, is_async=runner._is_async)
    if type(runner) is ThreadRunner:
        return VariantRunner(runner._max_workers, n_variants=runner._max_workers)
    return runner


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Let a signal to end, or a closed terminal, unwind the session as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what signals do
        return
    before = {number: signal.signal(number, _exit) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number in (signal.SIGINT, *before):
        # Or system calls of TensorFlow's threads are cut short, of which it crashed now and then.
        signal.siginterrupt(number, False)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.siginterrupt(signal.SIGINT, True)


def _exit(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
