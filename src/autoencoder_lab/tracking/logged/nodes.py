"""A record of each node: its time, parameters, inputs and outputs."""

import logging
import os
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline.node import Node

from autoencoder_lab.cells import Cells
from autoencoder_lab.cells.graph import upstream, variant_of
from autoencoder_lab.cells.plan import read_parameters
from autoencoder_lab.tracking.runs.outage import ERRORS, noting_loss, unless_lost
from autoencoder_lab.tracking.runs.run_tree import RunTree

from .node_values import describe_value

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_UPLOADS = 30


@dataclass
class _Records:
    """The records of the nodes that this session has run for a run.

    Attributes:
        uploading: Held while they change or are uploaded: nodes may run side by side.
    """

    place: str
    of_nodes: dict[str, object] = field(default_factory=dict)
    n_uploaded: int = 0
    due_at: float = field(default_factory=lambda: time.monotonic() + SECONDS_BETWEEN_UPLOADS)
    uploading: threading.Lock = field(default_factory=threading.Lock)


class LogNodes:
    """Logs `node/<name>/seconds`, and `nodes/<session>.json`: parameters, inputs and outputs.

    The seconds are without loading, saving and tracking. The parameters are those that the node
    and all upstream of it read. Digests of the outputs tell where two runs begin to differ. A run
    that several sessions have written to has a file of each.
    """

    def __init__(self, runs: RunTree, cells: Cells) -> None:
        self._runs = runs
        self._cells = cells
        self._started: dict[str, float] = {}
        self._records: dict[str, _Records] = {}

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], catalog: DataCatalog) -> None:
        self._catalog = catalog
        self._upstream = upstream(self._cells.registered.nodes)
        # Sessions of one parent may begin at the same moment.
        self._file = f"nodes/{run_params['run_id']}-{os.getpid()}.json"
        self._records = {}

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
            "function": f"{node.func.__module__}.{node.func.__qualname__}",
            "seconds": round(seconds, 3),
            "parameters": self._parameters(node),
            "inputs": [_in_variant(node, item) for item in node.inputs],
            "outputs": {_in_variant(node, item): describe_value(outputs[item]) for item in outputs},
        }
        place = self._runs.place(node.name, self._file)
        records = self._records.setdefault(run_id, _Records(place))
        with records.uploading:
            records.of_nodes[name] = record
        if time.monotonic() >= records.due_at:
            self._upload(run_id)

    @hook_impl
    @unless_lost
    def after_variant_run(self, variant: str) -> None:
        self._upload(self._runs.run_id(variant))

    @hook_impl
    def after_pipeline_run(self) -> None:
        self._upload_all()

    @hook_impl
    def on_pipeline_error(self) -> None:
        try:
            self._upload_all()
        except ERRORS as error:  # the one that ends the session is to be seen
            logger.error("The records of nodes could not be kept: %s", error)

    def _upload_all(self) -> None:
        for run_id in self._records.keys() - self._runs.lost.keys():
            with noting_loss(self._runs, run_id):
                self._upload(run_id)

    def _upload(self, run_id: str) -> None:
        """Upload the records of a run, unless they are uploaded already."""
        records = self._records.get(run_id)
        if records is None:
            return
        with records.uploading:
            if len(records.of_nodes) > records.n_uploaded:
                self._runs.client.log_dict(run_id, records.of_nodes, records.place)
                records.n_uploaded = len(records.of_nodes)
                records.due_at = time.monotonic() + SECONDS_BETWEEN_UPLOADS

    def _parameters(self, node: Node) -> dict[str, Any]:
        sources = {source for name in node.outputs for source in self._upstream[name].sources}
        read = read_parameters(sources, self._catalog)
        return {_in_variant(node, key): value for key, value in read.items()}


def _in_variant(node: Node, name: str) -> str:
    """Return the name of a dataset or parameter as all variants' runs have it."""
    kind, is_parameter, key = name.rpartition("params:")
    return kind + is_parameter + key.removeprefix(f"{variant_of(node)}.")
