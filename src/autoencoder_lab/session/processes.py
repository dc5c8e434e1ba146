"""Running processes side by side, and stopping them with the command that started them."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

Job = TypeVar("Job")

SECONDS_BETWEEN_LOOKS = 0.2
SECONDS_TO_STOP = 30


def start_kedro(
    arguments: Sequence[str],
    folder: Path,
    lines: BinaryIO | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command of Kedro in a folder; its lines go to a file or, without one, are shown.

    It is out of Ctrl-C's reach, so that whoever started it ends it, and once.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "kedro", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=lines,
        stderr=lines,
        start_new_session=True,
    )


def run_side_by_side(
    jobs: Iterable[Job], start: Callable[[Job], subprocess.Popen[bytes]], *, n_at_once: int
) -> Generator[tuple[Job, int], None, None]:
    """Yield each job and its exit status as soon as its process has ended.

    A job is asked for once it can run: who gives no more lets those that run end.

    Where the iteration is left, by Ctrl-C or otherwise, those that run are asked to end, and made
    to where they do not.
    """
    waiting = iter(jobs)
    running: dict[Job, subprocess.Popen[bytes]] = {}
    try:
        while True:
            for job in islice(waiting, n_at_once - len(running)):
                running[job] = start(job)
            if not running:
                return
            for job, process in list(running.items()):
                status = process.poll()
                if status is not None:
                    del running[job]
                    yield job, status
            time.sleep(SECONDS_BETWEEN_LOOKS)
    finally:
        _stop(list(running.values()))


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + SECONDS_TO_STOP
    for process in processes:
        try:
            process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
