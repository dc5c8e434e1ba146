"""Workers with working copies of their own, of which one is lost in the middle of a task."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ..end_to_end.conftest import ProjectCopy, commit
from ..servers import free_port, s3_server
from .conftest import assert_metrics_are_whole, mlflow_runs
from .services import Airflow, copy_for_airflow, start_worker

SCHEDULES = {
    "retrain": {
        "schedule": None,
        "dataset": "digits",
        "variants": ["linear", "tied"],
        "seeds": "1,2",
        "env": "smoke",
        "params": None,
    }
}
CELLS = {"linear 1", "tied 1", "linear 2", "tied 2"}


@pytest.fixture(scope="module")
def copies(server: str, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return two working copies of a commit whose results go to an object store."""
    first = copy_for_airflow(tmp_path_factory.mktemp("one"), server, SCHEDULES)
    with (first / "conf/smoke/globals.yml").open("a") as globals_file:
        globals_file.write("results_root: s3://results/lab\n")
    commit(ProjectCopy(first))
    second = tmp_path_factory.mktemp("two") / first.name
    shutil.copytree(first, second, symlinks=True)
    return [first, second]


@pytest.fixture(scope="module")
def airflow(home: Path, copies: list[Path]) -> Iterator[Airflow]:
    with s3_server("results") as variables:
        airflow = Airflow(copies[0], home, variables)
        airflow.start("--celery", "--port", str(free_port()))
        airflow.wait(lambda: airflow.call("GET", "/dags")["total_entries"] == len(SCHEDULES))
        yield airflow
        airflow.stop()


@pytest.fixture
def workers(airflow: Airflow, copies: list[Path]) -> Iterator[dict[Path, subprocess.Popen[bytes]]]:
    """Run a worker in each working copy."""
    workers = {copy: start_worker(airflow, copy, number) for number, copy in enumerate(copies)}
    yield workers
    for worker in workers.values():
        worker.terminate()
    for worker in workers.values():
        worker.wait(60)


def test_a_task_of_a_lost_worker_is_done_by_another_and_airflow_may_be_restarted(
    airflow: Airflow, workers: dict[Path, subprocess.Popen[bytes]], copies: list[Path], server: str
) -> None:
    airflow.switch("retrain", on=True)
    airflow.trigger("retrain", "lost_worker")
    lost = airflow.wait(lambda: kedro_that_trains(copies[1]))

    os.killpg(workers[copies[1]].pid, signal.SIGKILL)
    for service in ("scheduler", "api-server"):
        psutil.Process(int((airflow.home / "pids" / service).read_text().split()[0])).kill()
    airflow.wait(lambda: not lost.is_running(), 60)
    airflow.start()
    state = airflow.wait_until_over("retrain", "lost_worker", 600)

    tasks = airflow.tasks("retrain", "lost_worker")
    assert state == "success"
    assert {task["state"] for task in tasks.values()} == {"success"}
    # Where the machine is slow, the other worker's task, too: it misses the API server.
    assert max(task["try_number"] for task in tasks.values()) > 1
    runs = mlflow_runs(server, "retrain-lost_worker")
    assert {name: run.info.status for name, run in runs.items()} == dict.fromkeys(
        CELLS | {"parent"}, "FINISHED"
    )
    for cell in CELLS:
        assert_metrics_are_whole(server, runs[cell].info.run_id)


def kedro_that_trains(copy: Path) -> psutil.Process | None:
    """Return the process that runs a cell in a working copy, once it has imported TensorFlow."""
    for process in psutil.process_iter(["cmdline", "cwd", "memory_info"]):
        command = process.info["cmdline"] or []
        is_here = process.info["cwd"] == str(copy) and "--only-missing-outputs" in command
        if is_here and command[0] != "setpriv" and process.info["memory_info"].rss > 500e6:
            return process
    return None
