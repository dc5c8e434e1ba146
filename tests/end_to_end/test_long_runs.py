"""What a process holds does not grow with what it has done."""

import csv
import re
import subprocess
import sys

from ..waiting import LONGEST_WAIT
from .conftest import PROJECT

WARM = 3
"""Sessions after which all is loaded and set up."""

MOST_MEGABYTES, MOST_FILES = 10, 4
"""By which a session may grow, on average. Fifty grew by 1 MB and half a file each, a font."""


def test_sessions_in_one_process_leave_next_to_nothing_behind() -> None:
    command = [sys.executable, "-m", "tests.endurance.long_runs", "sessions", "8"]
    printed = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, timeout=LONGEST_WAIT, check=True
    ).stdout
    lines = [line for line in printed.splitlines() if re.fullmatch(r"number,.*|\d+(,\d+)+", line)]
    rows = [{key: int(value) for key, value in row.items()} for row in csv.DictReader(lines)]

    assert len(rows) == 8
    warm, last = rows[WARM - 1], rows[-1]
    n_sessions = last["number"] - warm["number"]
    assert last["megabytes"] - warm["megabytes"] <= MOST_MEGABYTES * n_sessions
    assert last["files"] - warm["files"] <= MOST_FILES * n_sessions
    assert last["threads"] == warm["threads"]
