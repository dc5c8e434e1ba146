"""How long each node takes."""

import logging
import time

from kedro.framework.hooks import hook_impl
from kedro.pipeline.node import Node

from .run_tree import RunTree

logger = logging.getLogger(__name__)


class LogNodeSeconds:
    """Logs `node/<name>/seconds`, without loading, saving and tracking."""

    def __init__(self, runs: RunTree) -> None:
        self._runs = runs
        self._started: dict[str, float] = {}

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        logger.info("Running %s", node.name)
        self._started[node.name] = time.perf_counter()

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        seconds = time.perf_counter() - self._started.pop(node.name)
        # Without its namespace, so that all variants' runs have the same keys.
        name = node.name.rpartition(".")[2]
        self._runs.client.log_metric(self._runs.run_id(node.name), f"node/{name}/seconds", seconds)
