"""Resuming fits: the state of one after an epoch, kept beside the cell's results."""

import logging
import os
import time

from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline.node import Node

from autoencoder_lab.training import checkpoints
from autoencoder_lab.training.checkpoints import FitState

from .graph import of_variant
from .hooks import Cells
from .made_from import Origin
from .stored_files import StoredFile, metadata_of

logger = logging.getLogger(__name__)

FILE_NAME = "fit_state"

THREADS = "TF_NUM_INTRAOP_THREADS"

MOST_WAITING = 10  # times as long as the last state took


class KeepFits:
    """Resumes a fit that was interrupted, if code, data, parameters and seed are the same.

    A model's catalog entry says how many seconds may be lost: `metadata.seconds_between_states`.
    """

    def __init__(self, cells: Cells) -> None:
        self._cells = cells

    @hook_impl
    def before_pipeline_run(self, catalog: DataCatalog) -> None:
        self._catalog = catalog

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        keepers = filter(None, map(self._keeper, node.outputs))
        checkpoints.keep_in(next(keepers, None))

    @hook_impl
    def after_variant_run(self, variant: str, error: Exception | None) -> None:
        if error is not None:  # until all that the fit makes is whole, it may be needed again
            return
        plan = self._cells.plan
        for name in of_variant((*plan.made, *plan.reused), variant):
            if self._seconds(name) is not None:
                _remove(plan.files[name].beside(FILE_NAME))

    def _keeper(self, name: str) -> "FitKeeper | None":
        """Return what keeps the states of the fit that makes a dataset, if they are kept."""
        plan, seconds = self._cells.plan, self._seconds(name)
        if seconds is None or name not in plan.made:
            return None
        # The last bits of a sum depend on it.
        threads = {THREADS: os.environ.get(THREADS)}
        parameters = {**plan.made[name].parameters, **threads}
        origin = plan.made[name].model_copy(update={"parameters": parameters})
        return FitKeeper(plan.files[name].beside(FILE_NAME), origin, seconds)

    def _seconds(self, name: str) -> float | None:
        return metadata_of(self._catalog.get(name)).get("seconds_between_states")


class FitKeeper:
    """Keeps the state of a fit in a file, of which the first line says what it was made from."""

    def __init__(self, file: StoredFile, origin: Origin, seconds: float) -> None:
        """Name the file, what the fit is made from, and the seconds between two states."""
        self._file = file
        self._origin = origin
        self._seconds = seconds
        self._next = time.monotonic() + seconds

    def load(self) -> FitState | None:
        """Return the state in which the same fit was interrupted; that of another is logged."""
        if not self._file.exists():
            return None
        try:
            header, _, content = self._file.read().partition(b"\n")
            then = Origin.model_validate_json(header)
            problems = then.differences(self._origin) + self._origin.code.differences(then.code)
            state = None if problems else FitState.from_bytes(content)
        except Exception as damage:  # NumPy raises whatever a broken archive leads to
            problems, state = [f"it is damaged ({damage})"], None
        if problems:
            logger.warning(
                "Starting the fit over instead of resuming it from %s: %s",
                self._file.address,
                "; ".join(problems),
            )
        return state

    def is_due(self) -> bool:
        """Whether the seconds have passed since the last state, or since the fit began."""
        return time.monotonic() >= self._next

    def save(self, state: FitState) -> None:
        """Replace the state before, atomically; where that fails, it is logged and the fit runs on.

        A store on which it takes long is written to less often.
        """
        started = time.monotonic()
        try:
            self._file.write(self._origin.model_dump_json().encode() + b"\n" + state.to_bytes())
        except Exception as error:  # of whatever disk or store
            logger.warning("The state of the fit could not be saved yet: %s", error)
        now = time.monotonic()
        self._next = now + max(self._seconds, MOST_WAITING * (now - started))


def _remove(file: StoredFile) -> None:
    try:
        if file.exists():
            file.remove()
    except Exception as error:  # as above: all results are whole
        logger.warning("%s could not be removed: %s", file.address, error)
