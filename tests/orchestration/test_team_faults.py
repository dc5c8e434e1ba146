"""What becomes of runs where the team's server, its database or its disk fails, or many write."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from autoencoder_lab.metrics import contract

from ..end_to_end.conftest import PROJECT, VIEWS, ProjectCopy
from ..waiting import LONGEST_WAIT, wait_until
from .team import TeamServer, copy_project_of_team, running_team_server

STACKED = ("run", "--env=smoke", "--pipelines=stacked")
IMPATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}


@pytest.fixture(scope="module")
def server() -> Iterator[TeamServer]:
    with running_team_server() as server:
        yield server


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    """Return a project whose fits take longer than it takes to break something."""
    project = copy_project_of_team(tmp_path_factory.mktemp("team"))
    parameters = project.folder / "conf/smoke/parameters.yml"
    quick, long = "stacked: {training: *quick}", "stacked: {training: {<<: *quick, epochs: 2000}}"
    assert quick in parameters.read_text()
    parameters.write_text(parameters.read_text().replace(quick, long))
    return project


def processes(server: TeamServer, service: str) -> list[psutil.Process]:
    """Return a service's process and those that it has started."""
    parent = psutil.Process(int((server.home / "pids" / service).read_text().split()[0]))
    return [parent, *parent.children(recursive=True)]


def kill_mlflow(server: TeamServer, run: subprocess.Popen[str]) -> None:
    """Kill the server, and return once a run has asked for it in vain."""
    for process in processes(server, "mlflow"):
        process.kill()
        process.wait(LONGEST_WAIT)
    with socket.create_server(("127.0.0.1", server.port)) as nobody:
        nobody.settimeout(LONGEST_WAIT / 6)
        nobody.accept()[0].close()


def stop_database(server: TeamServer, run: subprocess.Popen[str]) -> None:
    """Stop the database, and return once the server had to tell a run that it is gone."""
    [database, *_] = processes(server, "postgres")
    database.send_signal(signal.SIGINT)  # as `pg_ctl stop --mode=fast` does
    database.wait(LONGEST_WAIT)
    log = server.home / "logs/mlflow.log"
    wait_until(lambda: "503 Service Unavailable" in log.read_text(), run)


@pytest.mark.parametrize(("break_it", "seed"), [(kill_mlflow, 1), (stop_database, 2)])
def test_a_run_goes_on_where_the_server_or_its_database_was_gone_for_a_while(
    server: TeamServer,
    project: ProjectCopy,
    break_it: Callable[[TeamServer, subprocess.Popen[str]], None],
    seed: int,
) -> None:
    process = project.start(*STACKED, f"--params=seed={seed}", **server.variables("admin"))
    assert process.stdout is not None
    next(line for line in process.stdout if "Running stacked.train_autoencoder" in line)

    break_it(server, process)
    started = server.command("start")
    printed, errors = process.communicate(timeout=LONGEST_WAIT)

    assert started.returncode == 0, started.stdout + started.stderr
    assert process.returncode == 0, printed + errors
    require_whole(server, seed)


def require_whole(server: TeamServer, seed: int) -> None:
    """Assert that the newest run of a seed is finished, with all metrics and each loss once."""
    [run, *_] = of_seed(server, seed)
    metrics = {metric["key"] for metric in run["data"]["metrics"]}
    path = f"2.0/mlflow/metrics/get-history?run_id={run['info']['run_id']}&metric_key=train/loss"
    _, losses = server.ask("admin", path)
    steps = [int(metric.get("step", 0)) for metric in losses["metrics"]]

    assert run["info"]["status"] == "FINISHED"
    assert contract.required(VIEWS, {"encoder", "decoder"}) <= metrics
    assert sorted(steps) == [*range(1, len(steps) + 1)]


def of_seed(server: TeamServer, seed: int) -> list[dict[str, Any]]:
    """Return the runs of a seed, newest first."""
    asked = {"experiment_ids": ["1"], "filter": f"tags.seed = '{seed}' and tags.variant != ''"}
    _, answer = server.ask("admin", "2.0/mlflow/runs/search", asked)
    return list(answer["runs"])


@contextmanager
def full_disk(server: TeamServer) -> Iterator[None]:
    """Let each write to a file be an error to MLflow's server; the database goes on."""

    def limit_files(n_bytes: int) -> None:
        for process in processes(server, "mlflow"):
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (n_bytes, resource.RLIM_INFINITY))

    limit_files(0)
    try:
        yield
    finally:
        limit_files(resource.RLIM_INFINITY)


def test_no_room_for_files_is_an_error_before_anything_is_computed(
    server: TeamServer, project: ProjectCopy
) -> None:
    with full_disk(server):
        done = project.kedro(*STACKED, "--params=seed=4", **IMPATIENT, **server.variables("admin"))

    assert done.returncode == 1
    assert "files cannot be stored with the run, so nothing is computed" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    made = [Path(path) for path in project.written() if "seed-4" in path]
    assert {path.name for path in made} <= {".lock", "made_from.json"}


def test_what_found_no_room_is_on_disk_and_logged_by_the_doctor(
    server: TeamServer, project: ProjectCopy
) -> None:
    log_in = server.variables("admin")
    process = project.start(*STACKED, "--params=seed=3", **IMPATIENT, **log_in)
    assert process.stdout is not None
    next(line for line in process.stdout if "Running stacked.train_autoencoder" in line)
    with full_disk(server):
        printed, errors = process.communicate(timeout=LONGEST_WAIT)
    listed = project.kedro("doctor", "--env=smoke", **log_in)
    logged = project.kedro("doctor", "--env=smoke", "--log-results", **log_in)

    results = project.folder / "data/06_models/tiny/stacked/seed-3"
    assert process.returncode == 1
    assert "the runs of stacked do not hold all results, as the tracking server was lost" in errors
    assert str(results) in errors
    assert (results / "model.keras").exists()
    assert "Traceback" not in printed + errors
    assert "stacked on tiny, seed 3: no run holds" in listed.stdout
    assert listed.returncode == 1
    assert logged.returncode == 0, logged.stdout + logged.stderr
    assert "\nRun      " in logged.stdout
    assert "Running stacked.train_autoencoder" not in logged.stdout
    require_whole(server, 3)


def written_at_once(n_writers: int, n_runs: int, **variables: str) -> dict[str, object]:
    """Return what a store holds that several processes have written to."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.many_writers", "--child"),
            *(f"--writers={n_writers}", f"--runs={n_runs}"),
        ],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": "src", **variables},
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT,
    )
    assert done.returncode == 0, done.stderr
    held: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    del held["seconds"]
    return held


HELD = {"metrics": 72, "parameters": 40, "files": 6}
"""What each of the runs holds that are written at once."""


def test_nothing_is_lost_where_eight_write_to_a_server(server: TeamServer) -> None:
    held = written_at_once(8, 2, **server.variables("admin"))

    assert held == {"runs": 16, **{key: 16 * n for key, n in HELD.items()}, "wrong": []}


def test_nothing_is_lost_where_four_write_to_an_embedded_store(tmp_path: Path) -> None:
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db"}

    held = written_at_once(4, 2, ARTIFACTS=str(tmp_path / "artifacts"), **store)

    assert held == {"runs": 8, **{key: 8 * n for key, n in HELD.items()}, "wrong": []}
