"""How long the default study takes: with one cell at a time, and with several.

    python benchmarks/study.py [--jobs 1 2]

Each number of jobs is a study of its own, with a run key of its own, in this project: all variants,
three seeds, MNIST; an hour or more each. Writes `benchmarks/results/study.md`.
"""

import argparse
import os
import platform
import re
import subprocess
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

PROJECT = Path(__file__).parents[1]
DONE = re.compile(r"done +mnist, (\w+), seed \d+  (\d+) s")


def run_study(n_jobs: int) -> tuple[float, dict[str, list[int]]]:
    """Return how many minutes the study takes, and how many seconds each cell, by variant."""
    command = f"kedro study --jobs {n_jobs} --run-key benchmark_{n_jobs}"
    started = time.perf_counter()
    done = subprocess.run(command.split(), cwd=PROJECT, capture_output=True, text=True, check=True)
    minutes = (time.perf_counter() - started) / 60
    seconds = defaultdict(list)
    for variant, taken in DONE.findall(done.stdout):
        seconds[variant].append(int(taken))
    print(f"{command}: {minutes:.1f} minutes", flush=True)
    return minutes, dict(seconds)


def main(numbers_of_jobs: list[int]) -> str:
    """Measure, and return the table."""
    studies = {n_jobs: run_study(n_jobs) for n_jobs in numbers_of_jobs}
    variants = sorted({variant for _, seconds in studies.values() for variant in seconds})
    return "\n".join(
        [
            f"{os.cpu_count()} cores, Python {platform.python_version()}.",
            "",
            "| | " + " | ".join(f"`kedro study --jobs {n}`" for n in studies) + " |",
            "|---|" + "---:|" * len(studies),
            "| whole study, minutes | "
            + " | ".join(f"{minutes:.1f}" for minutes, _ in studies.values())
            + " |",
            *(
                f"| a cell of `{variant}`, seconds | "
                + " | ".join(f"{median(seconds[variant]):.0f}" for _, seconds in studies.values())
                + " |"
                for variant in variants
            ),
            "",
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2], help="numbers to compare")
    table = main(parser.parse_args().jobs)
    print(table)
    (PROJECT / "benchmarks" / "results" / "study.md").write_text(table)
