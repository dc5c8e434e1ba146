"""Airflow's services over copies of the project, and what its API says of a run."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from configparser import ConfigParser
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from ..end_to_end.conftest import PROJECT, ProjectCopy, commit, copy_tiny_project, preloaded_kedro
from ..servers import free_port
from ..waiting import LONGEST_WAIT

AIRFLOW_PYTHON = PROJECT / "orchestration/.venv/bin/python"

QUICK = {
    "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "1",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "10",
}
"""What takes minutes by itself, in seconds."""

BRISK = {
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
    "PGOPTIONS": "-c jit=off",  # it compiles queries for longer than they run
}
"""Less time between the tasks of a run; for tests alone, as the benchmark measures it."""


def copy_for_airflow(
    parent: Path, server: str, schedules: Mapping[str, object], env: str = "smoke"
) -> Path:
    """Return a copy of the tiny project of which an environment's runs are tracked on a server."""
    folder = copy_tiny_project(parent).folder
    (folder / ".venv").symlink_to(sys.prefix)
    orchestration = PROJECT / "orchestration"
    ignored = shutil.ignore_patterns(".venv", ".airflow", "__pycache__")
    shutil.copytree(orchestration, folder / "orchestration", ignore=ignored)
    (folder / "orchestration/dags/schedules.yml").write_text(yaml.safe_dump(dict(schedules)))
    tracking = {"server": {"mlflow_tracking_uri": server}}
    (folder / f"conf/{env}/mlflow.yml").write_text(yaml.safe_dump(tracking))
    return folder


def two_copies_for_airflow(
    one: Path, two: Path, server: str, schedules: Mapping[str, object], env: str = "smoke"
) -> list[Path]:
    """Return two working copies of a commit, the results of which go to an object store."""
    first = copy_for_airflow(one, server, schedules, env)
    with (first / f"conf/{env}/globals.yml").open("a") as globals_file:
        globals_file.write("data_root: s3://results/lab\n")
    commit(ProjectCopy(first))
    second = two / first.name
    shutil.copytree(first, second, symlinks=True)
    return [first, second]


def preload_kedro(copy: Path) -> None:
    """Let the tasks of a copy find the libraries imported: see tests/preloaded.py."""
    (copy / ".venv").unlink()
    kedro = copy / ".venv/bin/kedro"
    kedro.parent.mkdir(parents=True)
    kedro.write_text(f'#!/bin/sh\nexec {shlex.join(preloaded_kedro())} "$@"\n')
    kedro.chmod(0o755)


@contextmanager
def temporary_home() -> Iterator[Path]:
    """Give a folder that PostgreSQL's own user may enter, where the tests are run by root."""
    with tempfile.TemporaryDirectory(prefix="airflow-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@dataclass
class Airflow:
    """The services of a project's `make schedule`, and what their API says."""

    project: Path
    home: Path
    variables: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **QUICK, **self.variables, "AIRFLOW_HOME": str(self.home)}

    @property
    def address(self) -> str:
        settings = ConfigParser(interpolation=None)
        settings.read(self.home / "airflow.cfg")
        return settings["api"]["base_url"]

    def start(self, *options: str) -> str:
        """Start what does not run, and return what is printed."""
        return self._schedule("start", *options)

    def stop(self) -> None:
        self._schedule("stop")

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Return the answer of Airflow's API."""
        if not hasattr(self, "_token"):
            [(name, password)] = json.loads((self.home / "passwords.json").read_text()).items()
            log_in = {"username": name, "password": password}
            self._token = self._request("POST", "/auth/token", log_in, {})["access_token"]
        authorised = {"Authorization": f"Bearer {self._token}"}
        return self._request(method, f"/api/v2{path}", body, authorised)

    def switch(self, dag: str, *, on: bool) -> None:
        self.call("PATCH", f"/dags/{dag}", {"is_paused": not on})

    def trigger(self, dag: str, run_id: str, **settings: object) -> None:
        body = {"dag_run_id": run_id, "logical_date": None, "conf": settings}
        self.call("POST", f"/dags/{dag}/dagRuns", body)

    def run(self, dag: str, run_id: str) -> dict[str, Any]:
        run: dict[str, Any] = self.call("GET", f"/dags/{dag}/dagRuns/{quote(run_id)}")
        return run

    def runs(self, dag: str) -> list[dict[str, Any]]:
        """Return the runs of a DAG, oldest first."""
        answer = self.call("GET", f"/dags/{dag}/dagRuns?order_by=run_after")
        return list(answer["dag_runs"])

    def tasks(self, dag: str, run_id: str) -> dict[str, dict[str, Any]]:
        """Return the tasks of a run by their names; those of cells, with their numbers."""
        path = f"/dags/{dag}/dagRuns/{quote(run_id)}/taskInstances"
        tasks = self.call("GET", path)["task_instances"]
        return {
            task["task_id"] + (f" {task['map_index']}" if task["map_index"] >= 0 else ""): task
            for task in tasks
        }

    def wait(self, is_so: Callable[[], Any], *, between_looks: float = 0.5) -> Any:
        """Return what is so, once it is; show what the scheduler says if it takes too long."""
        deadline = time.monotonic() + LONGEST_WAIT
        while not (found := is_so()):
            if time.monotonic() > deadline:
                log = (self.home / "logs/scheduler.log").read_text()
                raise TimeoutError(f"it took more than {LONGEST_WAIT} s\n{log[-5_000:]}")
            time.sleep(between_looks)
        return found

    def wait_until_over(self, dag: str, run_id: str) -> str:
        """Return the state of a run that is over."""

        def state() -> str:
            now = self.run(dag, run_id)["state"]
            return now if now in ("success", "failed") else ""

        return str(self.wait(state))

    def log(self, dag: str, run_id: str, task: str) -> str:
        """Return the lines of the last attempt of a task."""
        it = self.tasks(dag, run_id)[task]
        path = f"/dags/{dag}/dagRuns/{quote(run_id)}/taskInstances/{it['task_id']}/logs"
        answer = self.call("GET", f"{path}/{it['try_number']}?map_index={it['map_index']}")
        return "\n".join(str(line.get("event", line)) for line in answer["content"])

    def _schedule(self, *arguments: str) -> str:
        done = subprocess.run(
            [AIRFLOW_PYTHON, "orchestration/schedule.py", *arguments],
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LONGEST_WAIT,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _request(self, method: str, path: str, body: object, headers: Mapping[str, str]) -> Any:
        request = urllib.request.Request(
            self.address + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **headers},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@contextmanager
def running_airflow(
    project: Path, home: Path, *options: str, variables: Mapping[str, str] | None = None
) -> Iterator[Airflow]:
    """Run the services of a project, which have read all of its DAGs."""
    airflow = Airflow(project, home, variables or {})
    schedules = yaml.safe_load((project / "orchestration/dags/schedules.yml").read_text())
    try:
        airflow.start(*options, "--port", str(free_port()))
        airflow.wait(lambda: airflow.call("GET", "/dags")["total_entries"] == len(schedules))
        yield airflow
    finally:
        airflow.stop()


@contextmanager
def running_worker(
    airflow: Airflow, copy: Path, number: int, *under: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker in a working copy, a process group of its own, as on another machine."""
    command = f"-m airflow celery worker --skip-serve-logs --concurrency 1 -H worker-{number}@%h"
    with (airflow.home / f"logs/worker-{number}.log").open("wb") as log:
        worker = subprocess.Popen(
            [*under, AIRFLOW_PYTHON, *command.split()],
            cwd=copy,
            env={
                **airflow.environment,
                "AIRFLOW__CORE__DAGS_FOLDER": str(copy / "orchestration/dags"),
            },
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield worker
    finally:
        worker.terminate()
        try:
            worker.wait(LONGEST_WAIT)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
