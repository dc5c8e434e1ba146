"""Progress bars of fits and, in a log, lines."""

import logging
import threading
import time
from functools import partial

from kedro.framework.hooks import hook_impl
from kedro.pipeline.node import Node
from rich import get_console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from autoencoder_lab.training.progress import Milestone, listen

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 2


class ShowFits:
    """Shows a bar for each node that fits where somebody watches, and lines in a log."""

    def __init__(self) -> None:
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._last_line_at: dict[str, float] = {}
        self._lock = threading.Lock()

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        show = self._advance if get_console().is_terminal else self._say
        listen("show", partial(show, node))

    @hook_impl
    def after_pipeline_run(self) -> None:
        self._stop()

    @hook_impl
    def on_pipeline_error(self) -> None:
        self._stop()

    def _advance(self, node: Node, milestone: Milestone) -> None:
        with self._lock:
            if self._bars is None:
                self._bars = Progress(
                    TextColumn("{task.description}"),
                    BarColumn(),
                    MofNCompleteColumn(),
                    TextColumn("{task.fields[losses]}"),
                    TimeRemainingColumn(),
                    console=get_console(),  # that of the log, whose lines then go above
                )
                self._bars.start()
            if node.name not in self._tasks:
                self._tasks[node.name] = self._bars.add_task(node.name, losses="")
        self._bars.update(
            self._tasks[node.name],
            description=_name(node, milestone),
            completed=milestone.number,
            total=milestone.of,
            losses=_losses(milestone),
        )

    def _say(self, node: Node, milestone: Milestone) -> None:
        now = time.monotonic()
        is_due = now - self._last_line_at.get(node.name, 0) > SECONDS_BETWEEN_LINES
        if is_due or milestone.number == milestone.of:
            self._last_line_at[node.name] = now
            progress = f"{milestone.unit} {milestone.number} of {milestone.of}"
            parts = [progress, _losses(milestone)] if milestone.losses else [progress]
            logger.info("%s: %s", _name(node, milestone), ", ".join(parts))

    def _stop(self) -> None:
        if self._bars is not None:
            self._bars.stop()
        self._bars, self._tasks, self._last_line_at = None, {}, {}


def _name(node: Node, milestone: Milestone) -> str:
    variant = node.namespace or node.name
    return variant if milestone.phase == "joint" else f"{variant} ({milestone.phase})"


def _losses(milestone: Milestone) -> str:
    return ", ".join(f"{name} {loss:.4f}" for name, loss in milestone.losses.items())
