import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from autoencoder_lab.session.processes import run_side_by_side, start_kedro

pytestmark = pytest.mark.slow


class Starter:
    """Starts Python on scripts, and counts how many run at once."""

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        self.most_at_once = 0

    def __call__(self, script: str) -> subprocess.Popen[bytes]:
        self.processes.append(subprocess.Popen([sys.executable, "-c", script]))
        running = sum(process.poll() is None for process in self.processes)
        self.most_at_once = max(self.most_at_once, running)
        return self.processes[-1]


def test_all_jobs_run_so_many_at_once_and_a_crash_stops_no_other() -> None:
    start = Starter()
    scripts = [f"import time, sys; time.sleep(0.3); sys.exit({n % 3})" for n in range(5)]

    ended = dict(run_side_by_side(scripts, start, n_at_once=2))

    assert ended == {script: n % 3 for n, script in enumerate(scripts)}
    assert start.most_at_once == 2


def test_where_no_more_jobs_are_given_those_that_run_end_by_themselves() -> None:
    given: list[str] = []

    def jobs() -> Iterator[str]:
        for script in ("pass", "import time; time.sleep(1)"):
            given.append(script)
            yield script

    ended = list(run_side_by_side(jobs(), Starter(), n_at_once=1))

    assert ended == [("pass", 0), ("import time; time.sleep(1)", 0)]
    running = run_side_by_side(jobs(), Starter(), n_at_once=1)
    given.clear()
    with closing(running):
        next(running)
        assert given == ["pass"]  # the second is not asked for before it can run


@pytest.mark.parametrize(
    "script",
    [
        "import time; time.sleep(60)",
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)",
    ],
    ids=["ends when asked", "does not"],
)
def test_who_leaves_the_iteration_leaves_no_process(
    script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autoencoder_lab.session.processes.SECONDS_TO_STOP", 1)
    start = Starter()
    jobs = run_side_by_side(["pass", script], start, n_at_once=2)

    with closing(jobs):
        assert next(jobs) == ("pass", 0)

    assert all(process.returncode is not None for process in start.processes)


def test_a_command_writes_to_a_file_out_of_the_reach_of_ctrl_c(tmp_path: Path) -> None:
    log = tmp_path / "run.log"

    with log.open("wb") as lines:
        process = start_kedro(["--version"], tmp_path, lines)
        group = os.getpgid(process.pid)
        status = process.wait(60)

    assert status == 0
    assert "kedro, version" in log.read_text()
    assert group == process.pid != os.getpgid(0)
