"""System metrics of each variant: processor, memory, disk and network."""

import threading
from contextlib import suppress

from kedro.framework.hooks import hook_impl
from kedro.pipeline.node import Node
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

from autoencoder_lab.cells.graph import variant_of
from autoencoder_lab.tracking.runs.outage import ERRORS, unless_lost
from autoencoder_lab.tracking.runs.run_tree import RunTree

SECONDS_BETWEEN_SAMPLES = 5


class LogMachine:
    """Logs MLflow's system metrics to the run of each variant, from its first node to its last."""

    def __init__(self, runs: RunTree) -> None:
        self._runs = runs
        self._monitors: dict[str, SystemMetricsMonitor] = {}
        self._starting = threading.Lock()

    @hook_impl
    @unless_lost
    def before_node_run(self, node: Node) -> None:
        variant = variant_of(node)
        with self._starting:
            if variant and variant not in self._monitors:
                monitor = SystemMetricsMonitor(
                    self._runs.run_id(node.name),
                    sampling_interval=SECONDS_BETWEEN_SAMPLES,
                    resume_logging=True,
                )
                self._monitors[variant] = monitor
                monitor.start()

    @hook_impl
    def after_variant_run(self, variant: str) -> None:
        if monitor := self._monitors.pop(variant, None):
            _end(monitor)

    @hook_impl
    def after_pipeline_run(self) -> None:
        self._end_all()

    @hook_impl
    def on_pipeline_error(self) -> None:
        self._end_all()

    def _end_all(self) -> None:
        while self._monitors:
            _end(self._monitors.popitem()[1])


def _end(monitor: SystemMetricsMonitor) -> None:
    """End, and log what was measured since the last sample: all there is of a short run."""
    monitor.finish()
    latest = monitor.aggregate_metrics()
    with suppress(*ERRORS):  # no result is lost with them
        monitor.publish_metrics(latest)
        monitor.mlflow_logger.flush()
