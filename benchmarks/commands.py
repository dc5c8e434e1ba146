"""How long a user waits for each command: whole processes, in turn, after one warm-up.

    PYTHONPATH=src python -m benchmarks.commands [--runs 5]

Prints a table and writes it to `benchmarks/results/commands.md`.
"""

import argparse
import os
import platform
import subprocess
import time
from pathlib import Path
from statistics import median

PROJECT = Path(__file__).parents[1]
COMMANDS = {
    "list the commands": "kedro --help",
    "list the pipelines": "kedro registry list",
    "refuse a parameter": "kedro run --params stacked.training.epochs=-1",
    "a look in seconds": "kedro run --env=smoke --pipelines=stacked",
    "the main job": "kedro run --pipelines=stacked",
}


def seconds(command: str) -> float:
    """Return the wall time of one run of a command."""
    started = time.perf_counter()
    subprocess.run(command.split(), cwd=PROJECT, capture_output=True, check=False)
    return time.perf_counter() - started


def measure(n_runs: int) -> dict[str, list[float]]:
    """Return the times of each command; each round runs all of them, so that drift hits all."""
    times: dict[str, list[float]] = {command: [] for command in COMMANDS.values()}
    for round_ in range(n_runs + 1):
        for command in times:
            times[command].append(seconds(command))
            print(f"round {round_}: {command}: {times[command][-1]:.1f} s", flush=True)
    return {command: all_rounds[1:] for command, all_rounds in times.items()}


def as_table(times: dict[str, list[float]]) -> str:
    """Return the median and spread of each command as Markdown."""
    rows = [
        f"| {job} | `{command}` | {median(times[command]):.1f} "
        f"| {min(times[command]):.1f} to {max(times[command]):.1f} |"
        for job, command in COMMANDS.items()
    ]
    n_runs = len(next(iter(times.values())))
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    return "\n".join(
        [
            f"Seconds, whole processes, {n_runs} runs each. {machine}.",
            "",
            "| job | command | median | spread |",
            "|---|---|---:|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each command")
    table = as_table(measure(parser.parse_args().runs))
    print(table)
    (PROJECT / "benchmarks" / "results" / "commands.md").write_text(table)
