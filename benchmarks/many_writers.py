"""Many processes that log runs at once, and whether the store then holds what they sent.

    PYTHONPATH=src python -m benchmarks.many_writers [--runs 5]

Four write to an embedded store, eight to a team's server on this machine, over HTTP with a log-in.
Nothing is trained: each logs, as a session does, parameters, losses by the epoch, other metrics,
tags and files, whose values tell whose they are. Then all is read back. Writes
`benchmarks/results/many_writers.md`.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run

from autoencoder_lab.tracking.runs.batching import BatchingClient
from autoencoder_lab.tracking.runs.run_tree import RunTree

from .processes import administrator, measure, team_server

HERE = Path(__file__).parent
EXPERIMENT = "many_writers"
N_EPOCHS, N_METRICS, N_PARAMETERS, N_FILES = 30, 12, 40, 6
MOST_RUNS = 1000  # in a page


def write(writer: int, n_runs: int) -> None:
    """Log some runs, one after the other, to the store that the environment names."""
    for number in range(n_runs):
        name = f"{writer}-{number}"
        client, runs = BatchingClient(mlflow.get_tracking_uri()), RunTree()
        experiment = client.get_experiment_by_name(EXPERIMENT)
        assert experiment is not None
        runs.start(
            client,
            experiment.experiment_id,
            name="",
            tags={"dataset": name, "seed": str(writer)},
            shared={},
            variants={"linear": _parameters(name)},
            is_compared=False,
        )
        for key, value, step in _metrics(writer, number):
            client.log_metric(runs.top_id, key, value, step=step)
        client.set_tag(runs.top_id, "collapsed", name)
        for file, text in _files(name).items():
            client.log_text(runs.top_id, text, file)
        runs.end("FINISHED")


def compare(n_writers: int, n_runs: int) -> tuple[dict[str, int], list[str]]:
    """Return how much the store holds, and what is not as it was sent."""
    client = MlflowClient()
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id], max_results=MOST_RUNS)
    by_name = {run.data.tags["dataset"]: run for run in found}
    counts = {"runs": len(found), "metrics": 0, "parameters": 0, "files": 0}
    wrong = []
    for writer in range(n_writers):
        for number in range(n_runs):
            run = by_name.get(f"{writer}-{number}")
            if run is None:
                wrong.append(f"run {writer}-{number} is missing")
            else:
                wrong += _differences(client, run, writer, number, counts)
    return counts, wrong


def _differences(
    client: MlflowClient, run: Run, writer: int, number: int, counts: dict[str, int]
) -> Iterator[str]:
    name, run_id = f"{writer}-{number}", run.info.run_id
    sent = _metrics(writer, number)
    held = [
        (metric.key, metric.value, metric.step)
        for key in sorted({key for key, _, _ in sent})
        for metric in client.get_metric_history(run_id, key)
    ]
    files = {
        file: mlflow.artifacts.load_text(f"{run.info.artifact_uri}/{file}") for file in _files(name)
    }
    counts["metrics"] += len(held)
    counts["parameters"] += len(run.data.params)
    counts["files"] += len(client.list_artifacts(run_id, "tables"))
    if sorted(held) != sorted(sent):
        yield f"metrics of {name}: {len(held)} held, {len(sent)} sent"
    if run.data.params != {key: str(value) for key, value in _parameters(name).items()}:
        yield f"parameters of {name}: {run.data.params}"
    if files != _files(name):
        yield f"files of {name}"
    if (run.info.status, run.data.tags["collapsed"]) != ("FINISHED", name):
        yield f"{name} is {run.info.status}, of {run.data.tags['collapsed']}"


def _parameters(name: str) -> dict[str, object]:
    return {f"parameter.{number}": f"{name} {number}" for number in range(N_PARAMETERS)}


def _metrics(writer: int, number: int) -> list[tuple[str, float, int]]:
    run = 1000 * writer + number
    losses = [
        (f"{split}/loss", run + 1 / epoch, epoch)
        for epoch in range(1, N_EPOCHS + 1)
        for split in ("train", "val")
    ]
    return [*losses, *((f"test/metric_{m}", run + m / 100, 0) for m in range(N_METRICS))]


def _files(name: str) -> dict[str, str]:
    return {f"tables/{number}.csv": f"{name},{number}\n" * 500 for number in range(N_FILES)}


def run(n_writers: int, n_runs: int) -> None:
    """Write at once to the store that the environment names, and print what it then holds."""
    MlflowClient().create_experiment(EXPERIMENT, os.environ.get("ARTIFACTS"))
    started = time.perf_counter()
    # Each has no more than the imported libraries from here: the store is opened after the fork.
    with get_context("fork").Pool(n_writers) as pool:
        pool.starmap(write, [(writer, n_runs) for writer in range(n_writers)], chunksize=1)
    seconds = time.perf_counter() - started
    counts, wrong = compare(n_writers, n_runs)
    print(json.dumps({**counts, "wrong": wrong, "seconds": seconds}))


def main(n_runs: int) -> str:
    """Measure, and return the table."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        embedded = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
        stores = [("embedded store", 4, {**embedded, "ARTIFACTS": f"{folder}/artifacts"})]
        with team_server() as settings:
            stores.append(("team's server", 8, administrator(settings)))
            for store, n_writers, variables in stores:
                options = (f"--writers={n_writers}", f"--runs={n_runs}")
                held = measure("many_writers", "--child", *options, **variables)
                rows.append(
                    f"| {store} | {n_writers} | {held['runs']} | {held['metrics']:,} "
                    f"| {held['parameters']:,} | {held['files']} | {len(held['wrong'])} "
                    f"| {held['runs'] / held['seconds']:.1f} |"
                )
    return "\n".join(
        [
            f"Processes that log {n_runs} runs each at once, nothing trained. {os.cpu_count()} "
            f"cores, Python {platform.python_version()}; the team's server, its PostgreSQL and the "
            "processes share the machine. What the store holds in the end, as it was sent:",
            "",
            "| store | processes | runs | metrics | parameters | files | wrong | runs a second |",
            "|---|---:|---:|---:|---:|---:|---:|---:|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5, help="of each process")
    parser.add_argument("--writers", type=int, default=4, help=argparse.SUPPRESS)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run(options.writers, options.runs)
    else:
        table = main(options.runs)
        print(table)
        (HERE / "results" / "many_writers.md").write_text(table)
