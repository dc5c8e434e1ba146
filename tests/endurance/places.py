"""Runs in places that are less comfortable than where a project is written.

    python -m tests.endurance.places [PART OF A NAME ...]

In each place and a new project, a run's results have to be those of a run at home, to the byte; or
there is one clear error and nothing half-written. Where a disk was full, the same command goes on
once it is not. Needs root on Linux, for mounts, namespaces and control groups, and `faketime`.
Writes `benchmarks/results/places.md`.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from signal import SIGTERM
from subprocess import DEVNULL, Popen
from urllib.error import URLError
from urllib.request import Request, urlopen

from ..end_to_end.conftest import PROJECT, WIDE, ProjectCopy
from ..servers import free_port
from ..waiting import LONGEST_WAIT
from .whole_runs import (
    Results,
    arguments,
    left_over,
    new_project,
    results,
    wrong_at_the_end,
    wrong_files,
)

VARIANT = "stacked"

NOBODY = 54321
"""A user of whom the system knows only the number, as containers have them."""

CONTROL_GROUPS = Path("/sys/fs/cgroup")

CORES = Path("/sys/devices/system/cpu/online")
"""What the system says of its cores, and libraries ask."""

HOW_FULL = (0, 5, 20, 40, 60, 80, 95)
"""How much there is room for on a disk, in per cent of what a run writes."""

FULL = {"data": "No space left", "mlruns": "disk is full"}
"""What is said of a full disk, of files and of SQLite."""

Surroundings = Callable[[ProjectCopy], AbstractContextManager[object]]
"""What is made for a project's run, and undone."""


@dataclass(frozen=True)
class Place:
    """Where a run is tried.

    Attributes:
        within: Words that come before the command.
        variables: Of the environment.
        without: Variables that are not there.
        error: What the run's one error says; empty where it succeeds.
    """

    within: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    without: Sequence[str] = ()
    surroundings: Surroundings = nullcontext
    error: str = ""


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """Mount something over a folder."""
    subprocess.run(["mount", *options, folder, folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def read_only(*names: str) -> Surroundings:
    """Return surroundings in which folders of a project cannot be written to."""

    @contextmanager
    def around(project: ProjectCopy) -> Iterator[None]:
        with ExitStack() as stack:
            for name in names:
                stack.enter_context(mounted(project.folder / name, "--bind", "-o", "bind,ro"))
            yield

    return around


@contextmanager
def everybodys(project: ProjectCopy) -> Iterator[None]:
    """Give a project to a user of whom the system knows nothing."""
    project.folder.parents[1].chmod(0o755)
    for path in (project.folder, *project.folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    yield


def control_group(limit: str, value: str) -> Place:
    """Return a place whose processes have no more of something, which they do not see."""
    folder = CONTROL_GROUPS / limit.partition(".")[0] / "few"

    @contextmanager
    def around(project: ProjectCopy) -> Iterator[None]:
        folder.mkdir()
        (folder / limit).write_text(value)
        yield
        folder.rmdir()

    enter = f'echo $$ > {folder}/cgroup.procs; exec "$@"'
    return Place(within=["sh", "-c", enter, "sh"], surroundings=around)


@contextmanager
def many_cores_seen(project: ProjectCopy) -> Iterator[None]:
    """Let the system say that it has 64 cores, of which processes may still use as many as ever."""
    said = project.folder.with_name("cores")
    said.write_text("0-63\n")
    subprocess.run(["mount", "--bind", said, CORES], check=True)
    assert os.cpu_count() == 64
    yield
    subprocess.run(["umount", CORES], check=True)


@contextmanager
def ui_in_use(project: ProjectCopy) -> Iterator[None]:
    """Look at the runs all the time, in MLflow's own pages."""
    port = free_port()
    command = [sys.executable, "-m", "kedro", "mlflow", "ui", "--port", str(port)]
    request = Request(
        f"http://127.0.0.1:{port}/ajax-api/2.0/mlflow/runs/search",
        json.dumps({"experiment_ids": ["0", "1"]}).encode(),
        {"Content-Type": "application/json"},
    )
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(0.05):
            with suppress(URLError):  # until it is up
                urlopen(request).read()

    streams = {"stdout": DEVNULL, "stderr": DEVNULL}
    with Popen(command, cwd=project.folder, start_new_session=True, **streams) as server:
        thread = threading.Thread(target=look)
        thread.start()
        yield
        is_over.set()
        thread.join()
        os.killpg(server.pid, SIGTERM)  # MLflow's processes with it


WALL_CLOCK = {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}
"""Of a system whose clock is set, what counts the seconds goes on."""

PLACES = {
    "no home folder": Place(without=["HOME"]),
    "a home that cannot be written to": Place(variables={"HOME": "/proc"}),
    "a user without a name": Place(
        within=["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"],
        without=["HOME"],
        surroundings=everybodys,
    ),
    "a locale without UTF-8": Place(
        variables={"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    ),
    "a time zone across the date line": Place(variables={"TZ": "Pacific/Kiritimati"}),
    "umask 077": Place(within=["sh", "-c", 'umask 077; exec "$@"', "sh"]),
    "umask 000": Place(within=["sh", "-c", 'umask 000; exec "$@"', "sh"]),
    "no network, not even within the machine": Place(within=["unshare", "--net"]),
    "one core": Place(within=["taskset", "--cpu-list", "0"]),
    "half a core of those that are seen": control_group("cpu.cfs_quota_us", "50000"),
    "two cores of 64 that are seen": Place(surroundings=many_cores_seen),
    "2 GB of memory": control_group("memory.limit_in_bytes", "2000000000"),
    "a clock that runs a thousand times as fast": Place(["faketime", "-f", "+0 x1000"], WALL_CLOCK),
    "a clock that runs backwards": Place(["faketime", "-f", "+0 x-1"], WALL_CLOCK),
    "beside pages of MLflow that are in use": Place(surroundings=ui_in_use),
    "raw data that cannot be written to": Place(surroundings=read_only("data/01_raw")),
    "code and configuration that cannot be written to": Place(
        surroundings=read_only("src", "conf")
    ),
    "results that cannot be written": Place(surroundings=read_only("data"), error="Read-only"),
    "a store that cannot be written to": Place(surroundings=read_only("mlruns"), error="mlruns"),
    "a project that cannot be written to": Place(surroundings=read_only("."), error="Read-only"),
}


def run_in(place: Place, project: ProjectCopy, *more: str) -> subprocess.CompletedProcess[str]:
    """Start a run in a place, as a user would."""
    variables = {**os.environ, "COLUMNS": WIDE, **place.variables}
    for name in place.without:
        variables.pop(name, None)
    return subprocess.run(
        [*place.within, sys.executable, "-m", "kedro", *arguments(VARIANT), *more],
        cwd=project.folder,
        env=variables,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=LONGEST_WAIT,
    )


def try_place(place: Place, folder: Path, expected: Results) -> list[str]:
    """Return what is wrong with a run in a place."""
    project = new_project(folder)
    with place.surroundings(project):
        done = run_in(place, project)
    if not place.error:
        if done.returncode:
            return [f"it ended with {done.returncode}: {done.stdout + done.stderr}"]
        return [*wrong_at_the_end(project, VARIANT, expected)]
    return [*wrong_error(done, place.error), *wrong_files(project), *left_over(project)]


def wrong_error(done: subprocess.CompletedProcess[str], expected: str) -> Iterator[str]:
    """Yield what is wrong with how a run says why it cannot go on."""
    if done.returncode != 1:
        yield f"it ended with {done.returncode}"
    if expected not in done.stdout + done.stderr:  # of a node, its log tells
        yield f"{expected} is not in what it says: {done.stdout + done.stderr}"
    if "Traceback" in done.stdout + done.stderr:
        yield f"a traceback: {done.stdout + done.stderr}"


def try_full_disk(name: str, n_bytes: int, folder: Path, expected: Results) -> list[str]:
    """Return what is wrong where a folder's disk is full after so many bytes, and then is not."""
    project = new_project(folder)
    shutil.rmtree(project.folder / "data")  # the digits are scikit-learn's
    disk = project.folder / name
    disk.mkdir(exist_ok=True)
    with mounted(disk, "-t", "tmpfs", "-o", f"size={n_bytes}"):
        done = run_in(Place(), project)
        problems = [*wrong_error(done, FULL[name]), *wrong_files(project)]
        if name == "data":  # a full store cannot say that a run is over
            problems += left_over(project)
        print(name, n_bytes, done.stderr.strip(), flush=True)
        subprocess.run(["mount", "-o", "remount,size=1g", disk], check=True)
        again = run_in(Place(), project, "--only-missing-outputs")
        if again.returncode:
            return [*problems, f"going on failed: {again.stdout + again.stderr}"]
        return [*problems, *wrong_at_the_end(project, VARIANT, expected)]


def full_disks(home: ProjectCopy, expected: Results) -> dict[str, Callable[[Path], list[str]]]:
    """Return the trials with full disks, by name, of what a run at home has written."""
    trials = {}
    for name, folders in (("data", "data/0[2-8]_*"), ("mlruns", "mlruns")):
        files = [file for folder in home.folder.glob(folders) for file in folder.rglob("*")]
        n_bytes = sum(file.stat().st_blocks * 512 for file in files)
        for per_cent in HOW_FULL:
            room = max(n_bytes * per_cent // 100, 1 << 14)
            trial = partial(try_full_disk, name, room, expected=expected)
            trials[f"a disk for {name} with room for {per_cent} %"] = trial
    return trials


def main() -> None:
    """Try the places whose names have a part that the command line gives, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="such as: disk clock")
    parts = parser.parse_args().parts
    lines = ["| place | wrong |", "|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        home = new_project(Path(folder) / "home")
        done = run_in(Place(), home)
        assert done.returncode == 0, done.stdout + done.stderr
        expected = results(home)
        trials = {
            name: partial(try_place, place, expected=expected) for name, place in PLACES.items()
        }
        trials |= full_disks(home, expected)
        for number, (name, trial) in enumerate(trials.items()):
            if not parts or any(part in name for part in parts):
                problems = trial(Path(folder) / f"at place {number}")
                print(f"{name}:", *(problems or ["nothing wrong"]), flush=True)
                lines.append(f"| {name} | {len(problems) or 'nothing'} |")
    if not parts:
        (PROJECT / "benchmarks/results/places.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
