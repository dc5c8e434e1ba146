"""Which nodes and datasets depend on what."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from kedro.pipeline.node import Node

Names = Set[str]
"""Names of datasets."""

AFTER_VARIANTS = "after_variants"
"""The tag of nodes that read what variants leave in their runs, whether they fail or not."""


@dataclass(frozen=True)
class Upstream:
    """What a dataset is made from.

    Attributes:
        sources: What no node makes: parameters and raw data.
        made: What other nodes make.
    """

    sources: Names
    made: Names


def variant_of(node: Node) -> str:
    """Return the variant to which a node belongs; empty where it is shared."""
    return node.namespace or ""


def of_variant(names: Iterable[str], variant: str) -> list[str]:
    """Return the datasets among some names that belong to a variant: those in its namespace."""
    return [name for name in names if name.startswith(f"{variant}.")]


def upstream(nodes: Sequence[Node]) -> dict[str, Upstream]:
    """Return what each output of the nodes, parents first, is made from: in all steps before it."""
    by_name: dict[str, Upstream] = {}
    for node in nodes:
        sources = {name for name in node.inputs if name not in by_name}
        made = set(node.inputs) - sources
        for name in frozenset(made):
            sources |= by_name[name].sources
            made |= by_name[name].made
        by_name |= {name: Upstream(sources, made) for name in node.outputs}
    return by_name


def nodes_to_run(nodes: Sequence[Node], *, stored: Names, there: Names) -> list[Node]:
    """Return the nodes that make what is missing, and those that they need, in their order.

    What is made from a file that is recomputed counts as missing: a result never stands beside the
    model of another run.

    Args:
        nodes: Parents first.
        stored: The datasets that are kept in files.
        there: Those whose files are there and may be reused.
    """
    made_from = upstream(nodes)
    while True:
        to_run: list[Node] = []
        needed: set[str] = set()
        for node in reversed(nodes):
            outputs = set(node.outputs)
            if outputs & stored - there or outputs & needed:
                to_run.append(node)
                needed |= set(node.inputs) - there
        made = {name for node in to_run for name in node.outputs}
        still_there = {name for name in there - made if not made_from[name].made & made & stored}
        if still_there == there:
            return to_run[::-1]
        there = still_there
