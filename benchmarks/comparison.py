"""What a comparison costs, by the number of cells: the whole process, and the report's size.

    PYTHONPATH=src python -m benchmarks.comparison [--seeds 1 10]

In a copy of the project, all variants are trained on the digits in the environment `smoke`; further
seeds are copies of their runs, their metrics shifted by chance. A comparison reads of each run what
it would of a real one: parameters, metrics, a table; of each variant, one model. Writes
`benchmarks/results/comparison.md`.
"""

import argparse
import os
import platform
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag

PROJECT = Path(__file__).parents[1]
FIRST_SEED = 42  # of conf/base
TABLE = "tables/pretraining_scores.csv"


def kedro(folder: Path, *arguments: str) -> float:
    """Run a command in a folder, and return how many seconds it takes."""
    started = time.perf_counter()
    subprocess.run(["kedro", *arguments], cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - started


def copy_run(client: MlflowClient, run: Run, seed: int) -> None:
    """Add a run as of another seed."""
    rng = np.random.default_rng(seed)
    tags = {**run.data.tags, "seed": str(seed)}
    run_id = client.create_run(run.info.experiment_id, run_name=run.info.run_name, tags=tags)
    run_id = run_id.info.run_id
    client.log_batch(
        run_id,
        [Metric(k, v * rng.normal(1, 0.01), 0, 0) for k, v in run.data.metrics.items()],
        [Param(key, value) for key, value in {**run.data.params, "seed": str(seed)}.items()],
        [RunTag("copy", "true")],
    )
    with tempfile.TemporaryDirectory() as folder:
        table = client.download_artifacts(run.info.run_id, TABLE, folder)
        client.log_artifact(run_id, table, str(Path(TABLE).parent))
    client.set_terminated(run_id, "FINISHED")


def measure(numbers_of_seeds: list[int]) -> list[str]:
    """Return a row for each number of seeds."""
    rows = []
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "project"
        for name in ("conf", "src"):
            shutil.copytree(PROJECT / name, folder / name)
        shutil.copy(PROJECT / "pyproject.toml", folder)
        print(f"training: {kedro(folder, 'run', '--env=smoke'):.0f} s", flush=True)
        client = MlflowClient(f"sqlite:///{folder}/mlruns/mlflow.db")
        experiment = client.get_experiment_by_name("autoencoder_lab")
        runs = client.search_runs([experiment.experiment_id])
        cells = [run for run in runs if "variant" in run.data.tags]
        n_done = 1
        for n_seeds in numbers_of_seeds:
            for seed in range(FIRST_SEED + n_done, FIRST_SEED + n_seeds):
                for run in cells:
                    copy_run(client, run, seed)
            n_done = n_seeds
            seconds = sorted(
                kedro(folder, "run", "--env=smoke", "--pipelines=comparison") for _ in range(3)
            )
            report = folder / "data/08_reporting/digits/comparison/report.html"
            rows.append(
                f"| {n_seeds * len(cells)} | {seconds[1]:.1f} | {seconds[0]:.1f} to "
                f"{seconds[2]:.1f} | {report.stat().st_size / 1e6:.2f} |"
            )
            print(rows[-1], flush=True)
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 10], help="in rising order")
    rows = measure(parser.parse_args().seeds)
    table = "\n".join(
        [
            "`kedro run --env=smoke --pipelines=comparison`, the whole process, 3 runs each. "
            f"{os.cpu_count()} cores, Python {platform.python_version()}.",
            "",
            "| cells | seconds, median | spread | report, MB |",
            "|---:|---:|---|---:|",
            *rows,
            "",
        ]
    )
    print(table)
    (PROJECT / "benchmarks" / "results" / "comparison.md").write_text(table)
