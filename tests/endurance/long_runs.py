"""What a process holds as it does more and more: memory, open files, threads.

    python -m tests.endurance.long_runs sessions 50
    python -m tests.endurance.long_runs epochs 200

So many runs of `linear` in one process, each of a run key of its own, on images of noise, or so
many epochs of one fit of `stacked`, on the digits; in a new project. Prints CSV, a row after each.
"""

import gc
import os
import sys
import tempfile
import threading
from itertools import count
from pathlib import Path

import psutil

from ..end_to_end.conftest import copy_project, copy_tiny_project

COLUMNS = ("number", "megabytes", "files", "python_threads", "threads")


def main(kind: str, number: int) -> None:
    """Do so much of a kind."""
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_tiny_project if kind == "sessions" else copy_project
        project = copy(Path(folder)).folder
        os.chdir(project)
        from kedro.framework.startup import bootstrap_project

        bootstrap_project(project)
        print(*COLUMNS, sep=",")
        if kind == "sessions":
            for session in range(1, number + 1):
                run_session("linear", run_key=f"night-{session}")
                print_held(session)
        else:
            print_held_after_epochs()
            run_session("stacked", stacked={"training": {"epochs": number}})


def run_session(variant: str, **params: object) -> None:
    """Run the smoke environment's pipeline of a variant."""
    from kedro.framework.project import settings

    with settings.SESSION_CLASS.create(env="smoke", runtime_params=params) as session:
        session.run(pipeline_names=[variant])


def print_held_after_epochs() -> None:
    """Let what keeps the states of a fit, and is asked after each epoch, print and keep nothing."""
    from autoencoder_lab.cells.fits import FitKeeper

    numbers = count(1)
    FitKeeper.is_due = lambda self: print_held(next(numbers))


def print_held(number: int) -> None:
    """Print what this process holds of its own."""
    gc.collect()
    process = psutil.Process()
    status = Path("/proc/self/status").read_text().splitlines()
    [kilobytes] = [int(line.split()[1]) for line in status if line.startswith("RssAnon")]
    counts = (process.num_fds(), threading.active_count(), process.num_threads())
    print(number, round(kilobytes / 1000), *counts, sep=",", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
