"""How long the default study takes: with one cell at a time, and with several.

    PYTHONPATH=src python -m benchmarks.study [--jobs 1 2] [--seeds 42 43 44]

Each number of jobs is a study with a run key of its own, in this project: all variants, MNIST; some
forty minutes each. Times are read from MLflow: from the start of the first cell to the end of the
last. Writes `benchmarks/results/study.md`.
"""

import argparse
import os
import platform
import subprocess
from collections import defaultdict
from pathlib import Path
from statistics import median

from mlflow import MlflowClient
from mlflow.entities import Run

PROJECT = Path(__file__).parents[1]


def run_study(n_jobs: int, seeds: str) -> list[Run]:
    """Return the runs of the cells of a study, once it is done."""
    run_key = f"benchmark_{n_jobs}"
    command = f"kedro study --jobs {n_jobs} --run-key {run_key} --seeds {seeds}"
    subprocess.run(command.split(), cwd=PROJECT, check=True)
    client = MlflowClient(f"sqlite:///{PROJECT}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name("autoencoder_lab")
    finished = f"tags.run_key = '{run_key}' and attributes.status = 'FINISHED'"
    runs = client.search_runs([experiment.experiment_id], finished)
    return [run for run in runs if "variant" in run.data.tags]


def minutes(runs: list[Run]) -> float:
    """Return the time from the start of the first run to the end of the last."""
    started, ended = (run.info.start_time for run in runs), (run.info.end_time for run in runs)
    return (max(ended) - min(started)) / 60_000


def by_variant(runs: list[Run]) -> dict[str, float]:
    """Return the median seconds of each variant's runs."""
    seconds = defaultdict(list)
    for run in runs:
        taken = (run.info.end_time - run.info.start_time) / 1000
        seconds[run.data.tags["variant"]].append(taken)
    return {variant: median(seconds[variant]) for variant in sorted(seconds)}


def as_table(studies: dict[int, list[Run]]) -> str:
    """Return the times of studies, by their numbers of jobs, as Markdown."""
    of_cells = {n_jobs: by_variant(runs) for n_jobs, runs in studies.items()}
    rows = {
        "cells": [f"{len(runs)}" for runs in studies.values()],
        "all, minutes": [f"{minutes(runs):.1f}" for runs in studies.values()],
        "all, seconds a cell": [f"{60 * minutes(r) / len(r):.0f}" for r in studies.values()],
    } | {
        f"`{variant}`, seconds": [f"{seconds[variant]:.0f}" for seconds in of_cells.values()]
        for variant in next(iter(of_cells.values()))
    }
    return "\n".join(
        [
            f"{os.cpu_count()} cores, Python {platform.python_version()}.",
            "",
            "| | " + " | ".join(f"`kedro study --jobs {n_jobs}`" for n_jobs in studies) + " |",
            "|---|" + "---:|" * len(studies),
            *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()),
            "",
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2], help="numbers to compare")
    parser.add_argument("--seeds", nargs="+", default=["42", "43", "44"], help="of each")
    options = parser.parse_args()
    seeds = ",".join(options.seeds)
    table = as_table({n_jobs: run_study(n_jobs, seeds) for n_jobs in options.jobs})
    print(table)
    (PROJECT / "benchmarks" / "results" / "study.md").write_text(table)
