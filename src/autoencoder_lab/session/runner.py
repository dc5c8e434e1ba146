"""Running nodes: one variant after another, or side by side; where one fails, the others go on."""

import ctypes
import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from itertools import chain
from queue import Empty, SimpleQueue
from typing import Any

import click
from kedro.framework.hooks.markers import hook_spec
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from kedro.runner import AbstractRunner
from kedro.runner.task import Task
from pluggy import PluginManager

from autoencoder_lab.cells.environment import usable_cores
from autoencoder_lab.cells.graph import AFTER_VARIANTS, variant_of
from autoencoder_lab.cells.plan import missing_nodes
from autoencoder_lab.failures import reason

from .threads import one_thread_a_sum

logger = logging.getLogger(__name__)

SECONDS_TO_STOP = 10

Ending = tuple[Node, BaseException | None]
"""A node that is over, and what it raised."""


class VariantSpecs:
    """The hooks that `VariantRunner` calls beside Kedro's own."""

    @hook_spec(firstresult=True)
    def around_node(self, node: Node) -> AbstractContextManager[Node] | None:
        """Return a context to run a node in, which gives the one that is run in its place."""

    @hook_spec
    def before_variant_run(self, variant: str) -> None:
        """Hear that a variant's first node begins, or that the variant ends without any."""

    @hook_spec
    def after_variant_run(self, variant: str, error: Exception | None) -> None:
        """Hear that a variant's last node is over, and of what the variant failed, if it did."""


class VariantsFailed(click.ClickException):
    """Some variants failed; the others are done."""


class VariantRunner(AbstractRunner):
    """Runs the nodes of one variant side by side, and after those of another, or of several.

    So the results of the first come first, and the arrays of few are held. Where a node raises,
    the rest of its variant and all that depends on it are left out. A single node runs in a thread
    too: the main thread is free for signals, which code that ignores what it is told may swallow.
    """

    def __init__(
        self, n_nodes: int | None = None, *, n_variants: int = 1, is_async: bool = False
    ) -> None:
        """Say how many nodes may run at once, None for one on each core, of how many variants."""
        super().__init__(is_async=is_async)
        self._n_nodes = n_nodes
        self._n_variants = n_variants
        self._complete: list[str] = []
        """The variants of which nothing is missing."""

    def _filter_pipeline_for_missing_outputs(
        self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> Pipeline:
        """Return what has to run where only missing outputs are wanted: more than Kedro thinks."""
        nodes = missing_nodes(pipeline, catalog)
        missing = {variant_of(node) for node in nodes}
        self._complete = sorted({variant_of(node) for node in pipeline.nodes} - missing - {""})
        logger.info("%d of %d nodes have to run", len(nodes), len(pipeline.nodes))
        return Pipeline(nodes)

    def _get_executor(self, max_workers: int) -> None:
        """Return none: `_run` has its own order, and threads that can be stopped."""

    def _run(
        self,
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
        hook_manager: PluginManager | None = None,
        run_id: str | None = None,
    ) -> None:
        assert hook_manager is not None  # `run` gives one
        plan = _Plan(pipeline)
        n_nodes = self._n_nodes or usable_cores()
        loads_left = Counter(chain.from_iterable(node.inputs for node in pipeline.nodes))
        ended: SimpleQueue[Ending] = SimpleQueue()
        threads: list[threading.Thread] = []
        variants = _Variants(hook_manager)
        try:
            complete, self._complete = self._complete, []  # of this run alone
            for variant in complete:
                variants.end(variant, None)
            while plan.is_unfinished:
                for node in plan.start(n_nodes, self._n_variants):
                    try:
                        variants.begin(variant_of(node))
                    except Exception as refusal:  # of the others, nothing is to be lost
                        ended.put((node, refusal))
                        continue
                    run = partial(self._run_node, node, catalog, hook_manager, run_id)
                    threads.append(_thread(node, run, ended))
                    threads[-1].start()
                node, error = _next(ended)
                if not isinstance(error, Exception | None):
                    raise error  # such as SystemExit: the node wants all to end
                if error is not None:
                    logger.error("%s failed: %s", node.name, reason(error))
                    logger.debug("", exc_info=error)
                self._release_datasets(node, catalog, loads_left, pipeline)
                for variant in plan.end(node, error):
                    variants.end(variant, plan.failures.get(variant))
        except BaseException:
            _stop(threads)
            raise
        if plan.failures:
            names = ", ".join(name or "what they share" for name in plan.failures)
            [*_, last_error] = plan.failures.values()
            raise VariantsFailed(
                f"failed: {names}. To go on from there, mend it and add --only-missing-outputs"
            ) from last_error

    def _run_node(
        self,
        node: Node,
        catalog: CatalogProtocol[Any, Any],
        hook_manager: PluginManager,
        run_id: str | None,
    ) -> None:
        with hook_manager.hook.around_node(node=node) or nullcontext(node) as to_run:
            Task(to_run, catalog, self._is_async, hook_manager, run_id).execute()


class _Variants:
    """Tells hooks when each variant begins and ends."""

    def __init__(self, hook_manager: PluginManager) -> None:
        self._hook = hook_manager.hook
        self._begun = {""}  # what variants share is none

    def begin(self, variant: str) -> None:
        if variant not in self._begun:
            self._begun.add(variant)
            self._hook.before_variant_run(variant=variant)

    def end(self, variant: str, error: Exception | None) -> None:
        self.begin(variant)  # where it is complete, or lost before it could begin
        self._hook.after_variant_run(variant=variant, error=error)


class _Plan:
    """Which nodes are still to run and in which order, and what has failed."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._parents = pipeline.node_dependencies
        # What is shared first, then variant by variant; of each, what most others wait for, or in
        # the end one long node would run alone.
        waiting = Counter(chain.from_iterable(_ancestors(pipeline).values()))
        self._to_do = sorted(pipeline.nodes, key=lambda node: (variant_of(node), -waiting[node]))
        self._running: set[Node] = set()
        self._done: set[Node] = set()
        self.failures: dict[str, Exception] = {}
        """Of which error each variant has failed; an empty name is for what they share."""

    @property
    def is_unfinished(self) -> bool:
        return bool(self._to_do or self._running)

    def start(self, n_nodes: int, n_variants: int) -> Iterator[Node]:
        """Yield the next nodes that can run, up to so many at once, of the first variants."""
        unfinished = sorted({variant_of(node) for node in (*self._to_do, *self._running)} - {""})
        variants = {"", *unfinished[:n_variants]}
        for node in list(self._to_do):
            if (
                len(self._running) < n_nodes
                and variant_of(node) in variants
                and not (unfinished and AFTER_VARIANTS in node.tags)
                and self._parents[node] <= self._done
            ):
                self._to_do.remove(node)
                self._running.add(node)
                yield node

    def end(self, node: Node, error: Exception | None) -> list[str]:
        """Strike out a node and, if it failed, what it is needed for; return the ended variants."""
        self._running.remove(node)
        touched = {variant_of(node)}
        if error is None:
            self._done.add(node)
        else:
            self.failures.setdefault(variant_of(node), error)
            touched |= {variant_of(lost) for lost in self._strike_out(node)}
            for variant in sorted(touched - {""}):
                self.failures.setdefault(variant, error)
        unfinished = {variant_of(other) for other in (*self._to_do, *self._running)}
        return sorted(touched - unfinished - {""})

    def _strike_out(self, failed: Node) -> set[Node]:
        lost = {failed}
        while (
            more := {
                node
                for node in self._to_do
                if self._parents[node] & lost or (variant_of(node) == variant_of(failed) != "")
            }
            - lost
        ):
            lost |= more
        self._to_do = [node for node in self._to_do if node not in lost]
        return lost


def _ancestors(pipeline: Pipeline) -> dict[Node, set[Node]]:
    """Return all nodes that each waits for, at once or in the end."""
    ancestors: dict[Node, set[Node]] = {}
    for node in pipeline.nodes:  # parents first
        parents = pipeline.node_dependencies[node]
        ancestors[node] = parents.union(*(ancestors[parent] for parent in parents))
    return ancestors


def _thread(node: Node, run: Callable[[], None], ended: SimpleQueue[Ending]) -> threading.Thread:
    def execute() -> None:
        error = None
        try:
            with one_thread_a_sum():
                run()
        except BaseException as raised:
            error = raised
        with suppress(SystemExit):  # `_stop` may come just as it ends
            ended.put((node, error))

    # A daemon: one that does not stop must not keep the process.
    return threading.Thread(target=execute, name=node.name, daemon=True)


def _next(ended: SimpleQueue[Ending]) -> Ending:
    while True:
        with suppress(Empty):
            return ended.get(timeout=1)  # a signal just before a wait does not end the wait


def _stop(threads: Sequence[threading.Thread]) -> None:
    """Raise in each thread, now and then again: what runs at that moment may swallow it."""
    deadline = time.monotonic() + SECONDS_TO_STOP
    while (alive := [thread for thread in threads if thread.is_alive()]) and (
        time.monotonic() < deadline
    ):
        for thread in alive:
            if _holds_a_lock(thread):
                continue
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit)
            )
        alive[0].join(SECONDS_TO_STOP / 4)


def _holds_a_lock(thread: threading.Thread) -> bool:
    """Whether a thread imports, or is within a transaction: cut off, it would keep the lock."""
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        file = frame.f_code.co_filename
        if file == "<frozen importlib._bootstrap>" or "sqlalchemy" in file:
            return True
        frame = frame.f_back
    return False
