"""Repeating a run, and reporting whether its numbers are the same."""

import os
import sys
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from autoencoder_lab.comparison.tolerance import Tolerance
from autoencoder_lab.failures import BadInput
from autoencoder_lab.session.processes import run_side_by_side, start_kedro
from autoencoder_lab.tracking.results.run_record import find_run, link_replay, read_run

from .checkout import check_out
from .compare import Verdict, compare_runs
from .plan import Replay

MOST_ROWS = 20


def run_replay(replay: Replay, console: Console, *, tolerance: Tolerance) -> bool:
    """Make a run again in a clone, print and log how it compares, and return whether it is equal.

    Raises:
        BadInput: The replay failed; its lines say why.
    """
    record = replay.record
    for warning in replay.warnings:
        console.print(f"Allowed: {warning}", style="yellow")
    run_key = f"replay-{record.run_id[:8]}-{time.strftime('%Y%m%d%H%M%S')}"
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        _run(replay, check_out(replay, Path(folder)), run_key)
    run_id = find_run(replay.client, record.experiment_id, run_key, record.variant)
    again = read_run(replay.client, record.experiment_id, run_id)
    verdict = compare_runs(record, again, tolerance=tolerance)
    link_replay(
        replay.client, again, record, str(verdict), verdict.values, is_equal=verdict.is_equal
    )
    _print(verdict, console)
    console.print("What the replay made is in its run; the clone is removed.")
    console.print(f"Original {record.run_id}  {record.name}")
    console.print(f"Replay   {run_id}  {again.name}")
    return verdict.is_equal


def require_trust(replay: Replay, console: Console) -> None:
    """Show the code that a run brings, and go on only where a person agrees to run it.

    Raises:
        BadInput: Nobody is there to ask.
        click.Abort: The person does not.
    """
    record = replay.record
    console.print(record.patch.decode(errors="replace"))
    console.print(
        f"These are uncommitted changes of {record.user}, from run {record.run_id}. Its replay "
        "runs them on this machine, as you.",
        style="yellow",
    )
    if not sys.stdin.isatty():
        raise BadInput("uncommitted code of a run is run only where somebody agrees: add --trust")
    click.confirm("Run them?", abort=True)


def _run(replay: Replay, project: Path, run_key: str) -> None:
    record = replay.record
    arguments = [
        "run",
        "--env=local",
        f"--pipelines={record.variant}",
        f"--params=dataset={record.dataset},seed={record.seed},run_key={run_key}",
    ]
    environment = {**os.environ, "TF_NUM_INTRAOP_THREADS": record.threads}

    [(_, status)] = run_side_by_side(
        [record.variant],
        lambda _: start_kedro(arguments, project, environment=environment),
        n_at_once=1,
    )
    if status:
        raise BadInput("the replay failed; the lines above say why")


def _print(verdict: Verdict, console: Console) -> None:
    others = verdict.values[~verdict.values["is_equal"]].rename(columns={"again": "replay"})
    if len(others):
        table = Table(title="What is not equal")
        for column in ("metric", "step", "original", "replay", "difference"):
            table.add_column(column, justify="left" if column == "metric" else "right")
        for row in others.head(MOST_ROWS).to_dict("records"):
            numbers = [f"{row[name]:.9g}" for name in ("original", "replay", "difference")]
            table.add_row(row["metric"], str(row["step"]), *numbers)
        console.print(table)
    if len(others) > MOST_ROWS:
        console.print(f"… and {len(others) - MOST_ROWS} more: replay/values.csv in the run")
    console.print(str(verdict))
