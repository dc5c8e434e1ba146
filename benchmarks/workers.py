"""How many cells an hour Airflow gets done with one worker, and with two.

    PYTHONPATH=src python -m benchmarks.workers

Each worker has a working copy and a core of its own, as on a machine of one core; they share an
MLflow server and an object store. All is started here: PostgreSQL, Redis, Airflow, MLflow, an
S3-compatible server. Writes `benchmarks/results/workers.md`; some ten minutes.
"""

import os
import platform
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.orchestration.services import (
    Airflow,
    running_airflow,
    running_worker,
    two_copies_for_airflow,
)
from tests.servers import mlflow_server, s3_server

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
    with ExitStack() as workers:
        for number, copy in enumerate(copies):
            under = ("taskset", "--cpu-list", str(number))
            workers.enter_context(running_worker(airflow, copy, number, *under))
        airflow.trigger("retrain", run_id)
        state = airflow.wait_until_over("retrain", run_id)
        assert state == "success", airflow.log("retrain", run_id, "verdict")
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
            schedules = {"retrain": SCHEDULE}
            copies = two_copies_for_airflow(one, two, server, schedules, env="local")
            with running_airflow(copies[0], home, "--celery", variables=variables) as airflow:
                airflow.switch("retrain", on=True)
                rows = [as_row(n, run_occasion(airflow, copies[:n])) for n in (1, 2)]
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
