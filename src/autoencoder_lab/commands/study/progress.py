"""Running a study, and showing its progress."""

import logging
import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO

from rich.console import Console

from autoencoder_lab.cells.stored_files import StoredFile, data_folder
from autoencoder_lab.failures import BadInput
from autoencoder_lab.session.processes import run_side_by_side, start_kedro
from autoencoder_lab.session.progress_bar import progress_bar

from .plan import Cell, Study

logger = logging.getLogger(__name__)


def show_plan(study: Study, console: Console) -> None:
    """Print what a study would run, a command each, and which of them are done."""
    for cell in study.cells:
        state = "done  " if cell in study.done else "to run"
        console.print(f"{state}  {_written(study.run_cell(cell))}")
    for dataset in study.datasets:
        console.print(f"to run  {_written(study.compare(dataset))}")
    console.print(_summary(study, len(study.done)))


def run_study(study: Study, console: Console, *, n_jobs: int) -> bool:
    """Run the cells that are not done, so many at once, and then the comparisons.

    Returns:
        Whether all of them succeeded.
    """
    failed = _run_cells(study, console, n_jobs)

    def compare(dataset: str) -> subprocess.Popen[bytes]:
        return start_kedro(study.compare(dataset), study.project)

    with closing(run_side_by_side(study.datasets, compare, n_at_once=1)) as comparisons:
        are_compared = all([status == 0 for _, status in comparisons])
    console.print()
    for cell in failed:
        console.print(f"failed  {cell.name}: {_log(study, cell).address}", style="red")
    console.print(_summary(study, len(study.cells) - len(failed)))
    return are_compared and not failed


def _run_cells(study: Study, console: Console, n_jobs: int) -> list[Cell]:
    """Run the cells that are not done, and return those that failed.

    Raises:
        BadInput: The code has changed; the cells that ran by then have been let to end.
    """
    started: dict[Cell, float] = {}
    logs: dict[Cell, BinaryIO] = {}
    failed: list[Cell] = []

    changes: list[str] = []

    def cells() -> Iterator[Cell]:
        for cell in study.to_run:
            changes.extend(study.code_changes())
            if changes:
                return
            yield cell

    def start(cell: Cell) -> subprocess.Popen[bytes]:
        started[cell] = time.monotonic()
        progress.update(task, beside=_running(started))
        logs[cell] = _open_log(study, cell)
        return start_kedro(study.run_cell(cell), study.project, logs[cell])

    progress = progress_bar(console)
    task = progress.add_task("cells", total=len(study.cells), completed=len(study.done), beside="")
    jobs = run_side_by_side(cells(), start, n_at_once=n_jobs)
    try:
        with progress, closing(jobs):
            for cell, status in jobs:
                _close(logs.pop(cell))
                seconds = time.monotonic() - started.pop(cell)
                if status:
                    failed.append(cell)
                state, style = ("failed", "red") if status else ("done  ", "")
                console.print(f"{state}  {cell.name}  {seconds:,.0f} s", style=style)
                progress.update(task, advance=1, beside=_running(started))
    finally:  # of what was interrupted, once it has ended
        for log in logs.values():
            _close(log)
    if changes:
        raise BadInput(
            f"the code has changed since the study began: {'; '.join(changes)}. Return to it, and "
            "the same command goes on; or choose another --run-key"
        )
    return failed


def _open_log(study: Study, cell: Cell) -> BinaryIO:
    file = _log(study, cell)
    try:
        return file.open_for_lines()
    except OSError as error:
        raise BadInput(f"{file.address} cannot be written: {error.strerror}") from error


def _close(log: BinaryIO) -> None:
    """Close a cell's log, which takes it to an object store; no cell is lost with it."""
    try:
        log.close()
    except Exception as error:  # whatever the library of the store makes of it
        logger.warning("The lines of a cell are lost: %s", error)


def _running(started: dict[Cell, float]) -> str:
    return "  ".join(cell.name for cell in started)


def _log(study: Study, cell: Cell) -> StoredFile:
    """Return where the lines of a cell go: beside its figures."""
    folder = f"08_reporting/{cell.dataset}/{study.run_key}/{cell.variant}/seed-{cell.seed}"
    place = data_folder(study.data_root, project=study.project) / folder / "run.log"
    return StoredFile(place.fs, place.path)


def _written(arguments: list[str]) -> str:
    return shlex.join(["kedro", *arguments])


def _summary(study: Study, n_done: int) -> str:
    return f"{n_done} of {len(study.cells)} cells of run_key {study.run_key} are done."
