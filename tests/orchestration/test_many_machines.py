"""Workers with working copies of their own, of which one is lost in the middle of a task."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import fsspec
import psutil
import pytest

from ..servers import s3_server
from .conftest import assert_metrics_are_whole, mlflow_runs
from .services import (
    BRISK,
    Airflow,
    running_airflow,
    running_worker,
    temporary_home,
    two_copies_for_airflow,
)

SCHEDULES = {
    "retrain": {
        "schedule": None,
        "dataset": "tiny",
        "variants": ["linear"],
        "seeds": "1,2",
        "env": "smoke",
        "params": None,
    }
}
CELLS = {"linear 1", "linear 2"}


@pytest.fixture(scope="module")
def copies(server: str, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    one, two = (tmp_path_factory.mktemp(name) for name in ("one", "two"))
    return two_copies_for_airflow(one, two, server, SCHEDULES)


@pytest.fixture(scope="module")
def airflow(copies: list[Path]) -> Iterator[Airflow]:
    """Run Airflow for workers that are started apart, with all data on an object store."""
    with s3_server("results") as variables, temporary_home() as home:
        store = fsspec.filesystem(
            "s3",
            endpoint_url=variables["AWS_ENDPOINT_URL"],
            key=variables["AWS_ACCESS_KEY_ID"],
            secret=variables["AWS_SECRET_ACCESS_KEY"],
        )
        raw = "data/01_raw/tiny/tiny.npz"
        store.put_file(str(copies[0] / raw), "results/lab/01_raw/tiny/tiny.npz")
        with running_airflow(
            copies[0], home, "--celery", variables={**variables, **BRISK}
        ) as airflow:
            yield airflow


@pytest.fixture
def workers(airflow: Airflow, copies: list[Path]) -> Iterator[dict[Path, subprocess.Popen[bytes]]]:
    """Run a worker in each working copy."""
    with ExitStack() as stack:
        yield {
            copy: stack.enter_context(running_worker(airflow, copy, number))
            for number, copy in enumerate(copies)
        }


def test_a_task_of_a_lost_worker_is_done_by_another_and_airflow_may_be_restarted(
    airflow: Airflow,
    workers: dict[Path, subprocess.Popen[bytes]],
    copies: list[Path],
    server: str,
) -> None:
    airflow.switch("retrain", on=True)
    airflow.trigger("retrain", "lost_worker")
    lost = airflow.wait(lambda: suspended_training(copies[1]), between_looks=0.2)
    lost_cell = lost.environ()["CELL"]

    os.killpg(workers[copies[1]].pid, signal.SIGKILL)
    lost.resume()
    for service in ("scheduler", "api-server"):
        pid = (airflow.home / "pids" / service).read_text().split()[0]
        psutil.Process(int(pid)).kill()
    airflow.wait(lambda: not lost.is_running())
    airflow.start()
    state = airflow.wait_until_over("retrain", "lost_worker")

    tasks = airflow.tasks("retrain", "lost_worker")
    assert state == "success"
    assert {task["state"] for task in tasks.values()} == {"success"}
    tries = {task["rendered_map_index"]: task["try_number"] for task in tasks.values()}
    assert tries[lost_cell] > 1
    runs = mlflow_runs(server, "retrain-lost_worker")
    assert {name: run.info.status for name, run in runs.items()} == dict.fromkeys(
        CELLS | {"parent"}, "FINISHED"
    )
    for cell in CELLS:
        assert_metrics_are_whole(server, runs[cell].info.run_id)


def suspended_training(copy: Path) -> psutil.Process | None:
    """Suspend what runs a cell in a working copy once it has imported TensorFlow, and return it.

    Or it could be done before its worker is lost, where the tests are slow.
    """
    for process in psutil.process_iter(["cmdline", "cwd", "memory_info"]):
        command = process.info["cmdline"] or []
        is_here = process.info["cwd"] == str(copy) and "--only-missing-outputs" in command
        if is_here and command[0] != "setpriv" and process.info["memory_info"].rss > 500e6:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
                return process
    return None
