"""A record of each node: its time, parameters, inputs and outputs."""

import logging
import time
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline.node import Node

from autoencoder_lab.cells import Cells
from autoencoder_lab.cells.graph import upstream, variant_of
from autoencoder_lab.cells.plan import read_parameters
from autoencoder_lab.tracking.runs.outage import unless_lost
from autoencoder_lab.tracking.runs.run_tree import RunTree

from .node_values import describe_value

logger = logging.getLogger(__name__)


class LogNodes:
    """Logs `node/<name>/seconds`, and `nodes/<name>.json`: parameters, inputs and outputs.

    The seconds are without loading, saving and tracking. The parameters are those that the node
    and all upstream of it read. Digests of the outputs tell where two runs begin to differ.
    """

    def __init__(self, runs: RunTree, cells: Cells) -> None:
        self._runs = runs
        self._cells = cells
        self._started: dict[str, float] = {}

    @hook_impl
    def before_pipeline_run(self, catalog: DataCatalog) -> None:
        self._catalog = catalog
        self._upstream = upstream(self._cells.registered.nodes)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        logger.info("Running %s", node.name)
        self._started[node.name] = time.perf_counter()

    @hook_impl
    @unless_lost
    def after_node_run(self, node: Node, outputs: dict[str, Any]) -> None:
        seconds = time.perf_counter() - self._started.pop(node.name)
        # Without its namespace, so that all variants' runs have the same keys.
        name = node.name.rpartition(".")[2]
        run_id = self._runs.run_id(node.name)
        self._runs.client.log_metric(run_id, f"node/{name}/seconds", seconds)
        record = {
            "node": name,
            "function": f"{node.func.__module__}.{node.func.__qualname__}",
            "seconds": round(seconds, 3),
            "parameters": self._parameters(node),
            "inputs": [_in_variant(node, item) for item in node.inputs],
            "outputs": {_in_variant(node, item): describe_value(outputs[item]) for item in outputs},
        }
        place = self._runs.place(node.name, f"nodes/{name}.json")
        self._runs.client.log_dict(run_id, record, place)

    def _parameters(self, node: Node) -> dict[str, Any]:
        sources = {source for name in node.outputs for source in self._upstream[name].sources}
        read = read_parameters(sources, self._catalog)
        return {_in_variant(node, key): value for key, value in read.items()}


def _in_variant(node: Node, name: str) -> str:
    """Return the name of a dataset or parameter as all variants' runs have it."""
    kind, is_parameter, key = name.rpartition("params:")
    return kind + is_parameter + key.removeprefix(f"{variant_of(node)}.")
