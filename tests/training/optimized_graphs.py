"""What TensorFlow makes of a graph before it runs it."""

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, groupby

from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.core.framework.node_def_pb2 import NodeDef
from tensorflow.python.eager import context

READ = "ReadVariableOp"
WRITES = {"AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp"}
PASSES_ON = {"Enter", "Identity", "Merge", "Switch"}


def largest_graph(call: Callable[[], object]) -> GraphDef:
    """Return the largest of the optimized graphs that a call runs."""
    context.enable_run_metadata()
    try:
        call()
        graphs = context.export_run_metadata().function_graphs
    finally:
        context.disable_run_metadata()
    return max((each.post_optimization_graph for each in graphs), key=lambda graph: len(graph.node))


def races(graph: GraphDef) -> Iterator[tuple[str, str]]:
    """Yield each write of a variable, and what else uses it, of which neither waits for the other.

    Of a loop's body, this is within one turn.
    """
    nodes = {node.name: node for node in graph.node}
    uses = [node for node in graph.node if node.op == READ or node.op in WRITES]
    waits_for = {node.name: _ancestors(node, nodes) for node in uses}

    def place(node: NodeDef) -> tuple[str, str]:
        loop = node.name.split("/body/")[0] if "/body/" in node.name else ""
        return _variable(node, nodes), loop

    for _, group in groupby(sorted(uses, key=place), key=place):
        for one, other in combinations(group, 2):
            unordered = (
                one.name not in waits_for[other.name] and other.name not in waits_for[one.name]
            )
            if unordered and WRITES & {one.op, other.op}:
                yield one.name, other.name


def _inputs(node: NodeDef) -> list[str]:
    return [name.removeprefix("^").split(":")[0] for name in node.input]


def _variable(use: NodeDef, nodes: Mapping[str, NodeDef]) -> str:
    node = nodes[_inputs(use)[0]]
    while node.op in PASSES_ON:
        node = nodes[_inputs(node)[0]]
    return node.name


def _ancestors(node: NodeDef, nodes: Mapping[str, NodeDef]) -> set[str]:
    found: set[str] = set()
    left = _inputs(node)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            if nodes[name].op != "NextIteration":  # which the turn before has made
                left += _inputs(nodes[name])
    return found
