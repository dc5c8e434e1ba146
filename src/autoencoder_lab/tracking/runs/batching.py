"""MLflow's client, with fewer requests: what is logged to a run waits for what follows."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.utils.async_logging.run_operations import RunOperations

SECONDS_BETWEEN_BATCHES = 10
MOST_WAITING = 10  # times as long as the last request took
LARGEST_BATCH = 900  # metrics in a request: MLflow takes 1000 of everything, and up to 100 tags


@dataclass
class _Waiting:
    """What waits for a run.

    Attributes:
        sending: Held while a request is on its way.
        due_at: When what is logged next is sent with all that waits, as `time.monotonic` has it.
    """

    metrics: list[Metric] = field(default_factory=list)
    tags: dict[str, RunTag] = field(default_factory=dict)
    sending: threading.Lock = field(default_factory=threading.Lock)
    due_at: float = field(default_factory=lambda: time.monotonic() + SECONDS_BETWEEN_BATCHES)


class BatchingClient(MlflowClient):
    """Sends the metrics and tags of the runs that it gathers for in batches of some seconds.

    What a request that fails was to bring is kept, and goes with the next. Asking for such a run,
    or ending it, sends what waits before. Parameters, and all of other runs, are sent at once.
    """

    def __init__(self, tracking_uri: str) -> None:
        super().__init__(tracking_uri)
        self._waiting: dict[str, _Waiting] = {}
        self._changing = threading.Lock()

    def gather(self, run_id: str) -> None:
        """Send what is logged to a run in batches from now on, until it is ended."""
        self._waiting.setdefault(run_id, _Waiting())

    def send(self, run_id: str) -> None:
        """Send all that waits for a run.

        Raises:
            MlflowException, OSError: It could not be sent, and waits on.
        """
        if waiting := self._waiting.get(run_id):
            with waiting.sending:
                self._send(run_id, waiting)

    def drop(self, run_id: str) -> None:
        """Forget what waits for a run, and gather for it no longer."""
        self._waiting.pop(run_id, None)

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
        synchronous: bool | None = None,
    ) -> RunOperations | None:
        """Log at once, or with what follows."""
        waiting = self._waiting.get(run_id)
        if waiting is None or params:
            return super().log_batch(run_id, metrics, params, tags, synchronous)
        with self._changing:
            waiting.metrics += metrics
            waiting.tags |= {tag.key: tag for tag in tags}
        # While a request is on its way, the next one takes it along.
        if time.monotonic() >= waiting.due_at and waiting.sending.acquire(blocking=False):
            try:
                self._send(run_id, waiting)
            finally:
                waiting.sending.release()
        return None

    def log_metric(
        self,
        run_id: str,
        key: str,
        value: float,
        timestamp: int | None = None,
        step: int | None = None,
        *args: Any,
        **options: Any,
    ) -> RunOperations | None:
        """Log a metric at once, or with what follows."""
        if run_id not in self._waiting:
            return super().log_metric(run_id, key, value, timestamp, step, *args, **options)
        now = time.time_ns() // 1_000_000
        return self.log_batch(run_id, [Metric(key, float(value), timestamp or now, step or 0)])

    def set_tag(
        self, run_id: str, key: str, value: Any, synchronous: bool | None = None
    ) -> RunOperations | None:
        """Set a tag at once, or with what follows."""
        if run_id not in self._waiting:
            return super().set_tag(run_id, key, value, synchronous)
        return self.log_batch(run_id, tags=[RunTag(key, str(value))])

    def get_run(self, run_id: str) -> Run:
        """Return a run, with what has waited for it."""
        self.send(run_id)
        return super().get_run(run_id)

    def _send(self, run_id: str, waiting: _Waiting) -> None:
        with self._changing:
            metrics, waiting.metrics = waiting.metrics, []
            tags, waiting.tags = waiting.tags, {}
        started = time.monotonic()
        try:
            while metrics or tags:
                super().log_batch(run_id, metrics[:LARGEST_BATCH], tags=[*tags.values()])
                metrics, tags = metrics[LARGEST_BATCH:], {}
        finally:
            with self._changing:
                waiting.metrics[:0] = metrics
                waiting.tags = tags | waiting.tags
            now = time.monotonic()
            # A server that does not answer is asked seldom: each time, MLflow waits for minutes.
            waiting.due_at = now + max(SECONDS_BETWEEN_BATCHES, MOST_WAITING * (now - started))
