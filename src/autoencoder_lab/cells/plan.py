"""Which files of its cells a session makes, reuses and removes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from pydantic import JsonValue

from autoencoder_lab.parameters import flatten

from . import made_from
from .code_state import CodeState
from .graph import Names, nodes_to_run, upstream, variant_of
from .made_from import Origin
from .stored_files import StoredFile, is_shared, stored_file

Catalog = CatalogProtocol[Any, Any]

RAW_DATA = "raw_images"


@dataclass(frozen=True)
class Plan:
    """What becomes of the files of the variants that a session runs, by the datasets' names.

    Attributes:
        made: What nodes will write, and what it will be made from.
        reused: What is there and was made from the same.
        stale: What is there and may not be used any more, because what it is made from is
            recomputed, or because a session was killed while it wrote it.
        problems: Why files that are needed cannot be reused.
        other_code: In what the code that made reused files differs from the code that runs.
        shared: What is made once for all variants and sessions, and what it has to be made from:
            of a variant's parameters, without its name.
    """

    files: Mapping[str, StoredFile]
    made: Mapping[str, Origin]
    reused: Mapping[str, Origin]
    stale: Sequence[str]
    problems: Mapping[str, str]
    other_code: Mapping[str, str]
    shared: Mapping[str, Origin]
    data_digest: str


def make_plan(
    selected: Pipeline,
    registered: Pipeline,
    catalog: Catalog,
    code: CodeState,
    *,
    only_missing_outputs: bool,
) -> Plan:
    """Return the plan of a session that runs the selected nodes.

    Args:
        selected: What the user chose.
        registered: All there is: what files on disk were made by, chosen or not.
        code: The code that runs.
        only_missing_outputs: Whether only the nodes run whose outputs are missing.
    """
    variants = {variant_of(node) for node in selected.nodes} - {""}
    known = _Known([node for node in registered.nodes if variant_of(node) in variants], catalog)
    to_run = missing_nodes(selected, catalog) if only_missing_outputs else selected.nodes
    to_make = {name for node in to_run for name in node.outputs if name in known.files}
    made_from_what = upstream(registered.nodes)
    outdated = {name for name in known.files if made_from_what[name].made & to_make}
    needed = {name for node in to_run for name in node.inputs if name in known.files}
    if only_missing_outputs:
        needed |= {name for node in selected.nodes for name in node.outputs if name in known.files}
    usable = known.there - to_make - outdated
    shared = {
        name: variant_of(node)
        for node in selected.nodes
        for name in node.outputs
        if is_shared(catalog.get(name))
    }
    sources = {name: made_from_what[name].sources for name in to_make | usable | shared.keys()}
    is_from_data = any(RAW_DATA in names for names in (*sources.values(), selected.inputs()))
    data_digest = catalog.load(RAW_DATA).sha256 if is_from_data else ""
    now = {
        name: Origin(
            parameters=read_parameters(names, catalog),
            data=data_digest if RAW_DATA in names else "",
            code=code,
        )
        for name, names in sources.items()
    }
    problems = {name: known.find_problem(name, now[name]) for name in usable}
    problems |= dict.fromkeys(outdated, "is made from a file that is to be recomputed")
    reused = {name: known.origins[name] for name in sorted(usable) if not problems[name]}
    other_code = {name: "; ".join(code.differences(origin.code)) for name, origin in reused.items()}
    return Plan(
        files=known.files,
        made={name: now[name] for name in sorted(to_make)},
        reused=reused,
        stale=sorted((outdated - to_make) & known.existing | known.unfinished),
        problems={name: problems[name] for name in sorted(needed - to_make) if problems.get(name)},
        other_code={name: text for name, text in other_code.items() if text},
        shared={name: now[name].without(variant) for name, variant in shared.items()},
        data_digest=data_digest,
    )


def missing_nodes(pipeline: Pipeline, catalog: Catalog) -> list[Node]:
    """Return the nodes of a pipeline whose outputs are missing, and those that they need.

    Of what variants share, what takes long is not missed here: a node that runs takes it or makes
    it. The rest, as figures of the data, is recomputed: other variants' sessions write it, too.
    """
    entries = {name: catalog.get(name) for name in pipeline.all_outputs()}
    stored = {
        name for name, entry in entries.items() if stored_file(entry) and not is_shared(entry)
    }
    return nodes_to_run(pipeline.nodes, stored=stored, there=_Known(pipeline.nodes, catalog).there)


def cell_files(nodes: Iterable[Node], catalog: Catalog) -> dict[str, StoredFile]:
    """Return the files that the nodes of variants write, by the datasets' names."""
    return {
        name: file
        for node in nodes
        for name in node.outputs
        if variant_of(node)
        and (file := stored_file(entry := catalog.get(name)))
        and not is_shared(entry)
    }


class _Known:
    """The files of variants that some nodes make, and what is known of those that are there."""

    def __init__(self, nodes: Iterable[Node], catalog: Catalog) -> None:
        self.files = cell_files(nodes, catalog)
        self.existing = {name for name, file in self.files.items() if file.exists()}
        self.origins: dict[str, Origin] = {}
        self._damages: dict[str, str] = {}
        for record, names in by_record(self.files).items():
            try:
                recorded = made_from.read(record)
            except ValueError as damage:
                self._damages |= dict.fromkeys(names, str(damage))
            else:
                self.origins |= {
                    name: recorded.files[self.files[name].name]
                    for name in names
                    if self.files[name].name in recorded.files
                }
        self.unfinished = {
            name for name in self.existing & self.origins.keys() if not self.origins[name].sha256
        }
        self.there = self.existing - self.unfinished

    def find_problem(self, name: str, now: Origin) -> str:
        """Return why a file that is there cannot be reused; nothing where it can."""
        if name in self._damages:
            return f"cannot be reused: {self._damages[name]}"
        return made_from.find_problem(self.files[name], self.origins.get(name), now)


def by_record(files: Mapping[str, StoredFile]) -> dict[StoredFile, list[str]]:
    """Return the names of the files, by the `made_from.json` beside them."""
    by_record: dict[StoredFile, list[str]] = {}
    for name, file in files.items():
        by_record.setdefault(file.beside(made_from.FILE_NAME), []).append(name)
    return by_record


def read_parameters(sources: Names, catalog: Catalog) -> dict[str, JsonValue]:
    """Return the parameters among the names of datasets, by dotted keys."""
    parameters: dict[str, JsonValue] = {}
    for name in sorted(sources):
        key = name.removeprefix("params:")
        if key != name:
            parameters |= flatten({key: catalog.load(name)})
    return parameters
