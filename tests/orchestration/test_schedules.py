"""What schedules.yml and `make schedule` refuse, and how."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
import yaml

from ..end_to_end.conftest import PROJECT
from .services import AIRFLOW_PYTHON

ENTRY = yaml.safe_load((PROJECT / "orchestration/dags/schedules.yml").read_text())["retrain"]

OWN = "postgresql+psycopg2://airflow:password@127.0.0.1:1/postgres"


def start(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [AIRFLOW_PYTHON, "orchestration/schedule.py", "start", *options],
        cwd=PROJECT,
        env={**os.environ, "AIRFLOW_HOME": str(home)},
        capture_output=True,
        text=True,
    )


def read_dags(folder: Path, schedules: object) -> subprocess.CompletedProcess[str]:
    """Read the DAGs of some schedules as Airflow does, and print their names and tasks."""
    shutil.copy(PROJECT / "orchestration/dags/retrain.py", folder)
    (folder / "schedules.yml").write_text(yaml.safe_dump(schedules))
    script = (
        "import runpy; dag = runpy.run_path('retrain.py')['verdict'].dag; "
        "print(dag.dag_id, *sorted(dag.task_ids))"
    )
    environment = {**os.environ, "AIRFLOW_HOME": str(folder)}
    return subprocess.run(
        [AIRFLOW_PYTHON, "-c", script], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_each_entry_is_a_dag_of_its_name(tmp_path: Path) -> None:
    done = read_dags(tmp_path, {"weekly": {**ENTRY, "schedule": "0 2 * * 0"}})

    assert done.stdout.split() == ["weekly", "comparison", "ingest", "plan", "train", "verdict"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"varaints": None}, "varaints, variants; allowed: schedule, dataset, variants, seeds"),
        ({"seeds": "1;2"}, "weekly.seeds in schedules.yml is wrong: '1;2' does not match"),
        ({"variants": "linear"}, "'linear' is not of type 'null', 'array'"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, change: dict[str, object], problem: str) -> None:
    done = read_dags(tmp_path, {"weekly": {**ENTRY, **change}})

    assert done.returncode == 1
    assert problem in done.stderr.splitlines()[-1]


def test_lines_of_several_data_sets_all_run_and_fail_if_one_does(tmp_path: Path) -> None:
    script = "import runpy; print(runpy.run_path('retrain.py')['_lines']([['1'], ['0'], ['2']]))"
    read_dags(tmp_path, {"weekly": ENTRY})
    printed = subprocess.check_output(
        [AIRFLOW_PYTHON, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "AIRFLOW_HOME": str(tmp_path)},
        text=True,
    )
    kedro = tmp_path / ".venv/bin/kedro"
    kedro.parent.mkdir(parents=True)
    kedro.write_text('#!/bin/sh\necho "ran $1"; exit "$1"\n')
    kedro.chmod(0o755)

    done = subprocess.run(
        ["bash", "-c", printed.splitlines()[-1]], cwd=tmp_path, capture_output=True, text=True
    )

    assert done.stdout.split("\n")[:-1] == ["ran 1", "ran 0", "ran 2"]
    assert done.returncode == 1


def test_a_port_that_is_taken_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = start(tmp_path, "--port", port)

    assert done.returncode == 1
    assert done.stderr == f"port {port} is taken: choose another, as make schedule PORT=8081\n"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("connection", "options", "problem"),
    [
        ("sqlite:///airflow.db", [], "airflow.cfg is of another Airflow: unset AIRFLOW_HOME"),
        (OWN, ["--port", "8081"], "is of port 8080 since its first start: for another, change"),
        (OWN, ["--celery"], "is without a queue since its first start: stop it, move"),
    ],
)
def test_what_is_settled_is_not_started_otherwise(
    tmp_path: Path, connection: str, options: list[str], problem: str
) -> None:
    settings = f"""
[core]
executor = LocalExecutor
[database]
sql_alchemy_conn = {connection}
[api]
port = 8080
"""
    (tmp_path / "airflow.cfg").write_text(settings)

    done = start(tmp_path, *options)

    assert done.returncode == 1
    assert problem in done.stderr
    assert not (tmp_path / "postgres").exists()
