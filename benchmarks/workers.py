"""How many cells an hour Airflow gets done with one worker, and with two.

    python -m benchmarks.workers

Each worker has a working copy and a core of its own, as on a machine of one core; they share an
MLflow server and an object store. All is started here: PostgreSQL, Redis, Airflow, MLflow, an
S3-compatible server. Writes `benchmarks/results/workers.md`; some ten minutes.
"""

import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.end_to_end.conftest import ProjectCopy, commit
from tests.orchestration.services import Airflow, copy_for_airflow, start_worker
from tests.servers import free_port, mlflow_server, s3_server

VARIANTS = ["linear", "stacked", "tied", "sparse"]
SCHEDULE = {
    "schedule": None,
    "dataset": "digits",
    "variants": VARIANTS,
    "seeds": "1,2",
    "env": None,
    "params": None,
}
RESULTS = Path(__file__).parent / "results/workers.md"

Task = Mapping[str, Any]


def run_occasion(airflow: Airflow, copies: list[Path]) -> list[Task]:
    """Return the tasks of the cells of an occasion, run by a worker in each copy."""
    run_id = f"with_{len(copies)}"
    workers = [
        start_worker(airflow, copy, number, "taskset", "--cpu-list", str(number))
        for number, copy in enumerate(copies)
    ]
    airflow.trigger("retrain", run_id)
    state = airflow.wait_until_over("retrain", run_id, 3600)
    assert state == "success", airflow.log("retrain", run_id, "verdict")
    for worker in workers:
        worker.terminate()
        worker.wait(60)
    tasks = airflow.tasks("retrain", run_id).values()
    return [task for task in tasks if task["task_id"] == "train"]


def as_row(n_workers: int, tasks: list[Task]) -> str:
    """Return what an occasion took, as a row of Markdown."""
    started, ended = (
        [datetime.fromisoformat(task[key]).timestamp() for task in tasks]
        for key in ("start_date", "end_date")
    )
    span = max(ended) - min(started)
    busy = sum(ended) - sum(started)
    cells = (
        f"{n_workers}",
        f"{len(tasks)}",
        f"{span:.0f}",
        f"{busy / len(tasks):.1f}",
        f"{(n_workers * span - busy) / len(tasks):.1f}",
        f"{3600 * len(tasks) / span:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Run an occasion with each number of workers, and write what they took."""
    with (
        tempfile.TemporaryDirectory(prefix="workers-") as folder,
        s3_server("results") as variables,
    ):
        home, one, two = (Path(folder) / name for name in ("airflow", "one", "two"))
        for path in (Path(folder), home):
            path.mkdir(exist_ok=True)
            path.chmod(0o755)  # PostgreSQL's own user enters them, where this is run by root
        with mlflow_server(Path(folder)) as server:
            first = copy_for_airflow(one, server, {"retrain": SCHEDULE}, env="local")
            (first / "conf/local/globals.yml").write_text("results_root: s3://results/lab\n")
            commit(ProjectCopy(first))
            shutil.copytree(first, two / first.name, symlinks=True)
            airflow = Airflow(first, home, variables)
            copies = [first, two / first.name]
            try:
                airflow.start("--celery", "--port", str(free_port()))
                airflow.wait(lambda: airflow.call("GET", "/dags")["total_entries"] == 1)
                airflow.switch("retrain", on=True)
                rows = [as_row(n, run_occasion(airflow, copies[:n])) for n in (1, 2)]
            finally:
                airflow.stop()
    head = ("workers", "cells", "all, s", "a cell, s", "between cells, s", "cells an hour")
    lines = [
        f"{os.cpu_count()} cores, one for each worker, Python {platform.python_version()}; "
        f"`digits`, {', '.join(VARIANTS)}, two seeds.",
        "",
        f"| {' | '.join(head)} |",
        "|" + "---:|" * len(head),
        *rows,
    ]
    RESULTS.write_text("\n".join(lines) + "\n")
    print(RESULTS.read_text())


if __name__ == "__main__":
    main()
