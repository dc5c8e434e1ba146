"""Resuming fits: the state of one after an epoch, kept beside the cell's results."""

import logging
import time
from zipfile import BadZipFile

from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline.node import Node

from autoencoder_lab.training import checkpoints
from autoencoder_lab.training.checkpoints import FitState

from .hooks import Cells
from .made_from import Origin
from .stored_files import StoredFile, stored_file

logger = logging.getLogger(__name__)

FILE_NAME = "fit_state"


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
    def after_dataset_saved(self, dataset_name: str) -> None:
        keeper = self._keeper(dataset_name)
        if keeper is not None:
            keeper.forget()

    def _keeper(self, name: str) -> "FitKeeper | None":
        """Return what keeps the states of the fit that makes a dataset, if they are kept."""
        dataset, origin = self._catalog.get(name), self._cells.plan.made.get(name)
        metadata = getattr(dataset, "metadata", None) or {}
        seconds = metadata.get("seconds_between_states")
        file = stored_file(dataset)
        if seconds is None or origin is None or file is None:
            return None
        return FitKeeper(file.beside(FILE_NAME), origin, seconds)


class FitKeeper:
    """Keeps the state of a fit in a file, of which the first line says what it was made from."""

    def __init__(self, file: StoredFile, origin: Origin, seconds: float) -> None:
        """Name the file, what the fit is made from, and the seconds between two states."""
        self._file = file
        self._origin = origin
        self._seconds = seconds
        self._saved = time.monotonic()

    def load(self) -> FitState | None:
        """Return the state in which the same fit was interrupted; that of another is logged."""
        if not self._file.exists():
            return None
        try:
            header, _, content = self._file.read().partition(b"\n")
            then = Origin.model_validate_json(header)
            problems = then.differences(self._origin) + self._origin.code.differences(then.code)
            state = None if problems else FitState.from_bytes(content)
        except (ValueError, KeyError, BadZipFile) as damage:
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
        return time.monotonic() - self._saved >= self._seconds

    def save(self, state: FitState) -> None:
        """Put a state in the place of the one before, in one piece."""
        self._file.write(self._origin.model_dump_json().encode() + b"\n" + state.to_bytes())
        self._saved = time.monotonic()

    def forget(self) -> None:
        """Remove the state of a fit that is over."""
        if self._file.exists():
            self._file.remove()
