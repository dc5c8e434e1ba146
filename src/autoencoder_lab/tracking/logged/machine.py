"""System metrics of each variant: processor, memory, disk and network."""

import threading
import time
from contextlib import suppress

from kedro.framework.hooks import hook_impl
from kedro.pipeline.node import Node
from mlflow.entities import Metric
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

from autoencoder_lab.cells.graph import variant_of
from autoencoder_lab.tracking.runs.outage import ERRORS, unless_lost
from autoencoder_lab.tracking.runs.run_tree import RunTree

SECONDS_BETWEEN_SAMPLES = 5


class LogMachine:
    """Logs MLflow's system metrics to the run of each variant, from its first node to its last."""

    def __init__(self, runs: RunTree) -> None:
        self._runs = runs
        self._sampled: dict[str, _Sampling] = {}
        self._starting = threading.Lock()

    @hook_impl
    @unless_lost
    def before_node_run(self, node: Node) -> None:
        variant = variant_of(node)
        with self._starting:
            if variant and variant not in self._sampled:
                run_id = self._runs.run_id(node.name)
                self._sampled[variant] = _Sampling(self._runs, run_id)
                self._sampled[variant].start()

    @hook_impl
    def after_variant_run(self, variant: str) -> None:
        if sampling := self._sampled.pop(variant, None):
            sampling.end()

    @hook_impl
    def after_pipeline_run(self) -> None:
        self._end_all()

    @hook_impl
    def on_pipeline_error(self) -> None:
        self._end_all()

    def _end_all(self) -> None:
        while self._sampled:
            self._sampled.popitem()[1].end()


class _Sampling(threading.Thread):
    """Samples while a variant's nodes run, and once more at the end: all there is of a short run.

    Steps are seconds since the run was started, in whichever session. MLflow's own thread asks for
    the run each time. This one has what waits for a run sent, too, while a node runs for long.
    """

    def __init__(self, runs: RunTree, run_id: str) -> None:
        super().__init__(name="system metrics", daemon=True)
        self._runs = runs
        self._run_id = run_id
        self._monitor = SystemMetricsMonitor(run_id)  # which is not started
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.wait(SECONDS_BETWEEN_SAMPLES):
            self._sample()

    def end(self) -> None:
        self._is_over.set()
        self.join()
        self._sample()

    def _sample(self) -> None:
        self._monitor.collect_metrics()
        now = time.time_ns() // 1_000_000
        seconds = (now - self._runs.started_at[self._run_id]) // 1000
        metrics = [
            Metric(f"system/{key}", value, now, step=seconds)
            for key, value in self._monitor.aggregate_metrics().items()
        ]
        for part in self._monitor.monitors:
            part.clear_metrics()
        if self._run_id not in self._runs.lost:
            with suppress(*ERRORS):  # no result is lost with them
                self._runs.client.log_batch(self._run_id, metrics)
