"""Showing how far each fit is."""

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

from autoencoder_lab.training.progress import Epoch, listen

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 2


class ShowFits:
    """Shows a bar for each variant where somebody watches, and lines in a log."""

    def __init__(self) -> None:
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, float] = {}
        self._lock = threading.Lock()

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        show = self._advance if get_console().is_terminal else self._say
        listen("show", partial(show, node.namespace or node.name))

    @hook_impl
    def after_pipeline_run(self) -> None:
        self._stop()

    @hook_impl
    def on_pipeline_error(self) -> None:
        self._stop()

    def _advance(self, variant: str, epoch: Epoch) -> None:
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
            if variant not in self._tasks:
                self._tasks[variant] = self._bars.add_task(variant, losses="")
        self._bars.update(
            self._tasks[variant],
            description=_name(variant, epoch),
            completed=epoch.number,
            total=epoch.of,
            losses=_losses(epoch),
        )

    def _say(self, variant: str, epoch: Epoch) -> None:
        now = time.monotonic()
        is_due = now - self._said.get(variant, 0) > SECONDS_BETWEEN_LINES
        if is_due or epoch.number == epoch.of:
            self._said[variant] = now
            name = _name(variant, epoch)
            logger.info("%s: epoch %d of %d, %s", name, epoch.number, epoch.of, _losses(epoch))

    def _stop(self) -> None:
        if self._bars is not None:
            self._bars.stop()
        self._bars, self._tasks, self._said = None, {}, {}


def _name(variant: str, epoch: Epoch) -> str:
    return variant if epoch.phase == "joint" else f"{variant} ({epoch.phase})"


def _losses(epoch: Epoch) -> str:
    return ", ".join(f"{name} {loss:.4f}" for name, loss in epoch.losses.items())
