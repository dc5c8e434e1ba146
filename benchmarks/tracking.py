"""What tracking adds to a run: without the hooks that know MLflow, and to which store.

    PYTHONPATH=src python -m benchmarks.tracking [--runs 3]

`kedro run --pipelines=stacked` on MNIST, each time a process of its own, in turn without tracking,
to the embedded store, and over HTTP with a log-in to a team's server on the same machine. The first
round fills the disk's cache and is not counted. Writes `benchmarks/results/tracking.md`.
"""

import argparse
import json
import os
import platform
import time
from pathlib import Path
from statistics import median
from typing import Any

from .processes import administrator, measure, team_server

HERE = Path(__file__).parent
PIPELINE = "stacked"


WAYS = {"without": "no tracking", "embedded": "embedded store", "server": "team's server"}


def run(way: str) -> None:
    """Run the pipeline in this process, and print how long it took, imports included."""
    started = time.perf_counter()
    requested = _time_requests()
    from kedro.framework.startup import bootstrap_project

    bootstrap_project(HERE.parent)
    from kedro.framework.project import settings

    from autoencoder_lab import tracking

    if way == "without":
        package = f"{tracking.__name__}."
        others = [hook for hook in settings.HOOKS if not type(hook).__module__.startswith(package)]
        assert len(others) < len(settings.HOOKS)
        settings.set("HOOKS", tuple(others))
    environment = "team" if way == "server" else None
    with settings.SESSION_CLASS.create(project_path=HERE.parent, env=environment) as session:
        session.run(pipeline_names=[PIPELINE])
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "requests": len(requested), "waited": sum(requested)}))


def _time_requests() -> list[float]:
    """Return a list to which each HTTP request from now on adds its seconds."""
    from requests.adapters import HTTPAdapter

    seconds: list[float] = []
    send = HTTPAdapter.send

    def timed(self: HTTPAdapter, *arguments: Any, **options: Any) -> Any:
        started = time.perf_counter()
        try:
            return send(self, *arguments, **options)
        finally:
            seconds.append(time.perf_counter() - started)

    HTTPAdapter.send = timed  # type: ignore[method-assign]
    return seconds


def main(n_runs: int) -> str:
    """Measure, and return the table."""
    measured: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with team_server() as settings:
        for _ in range(n_runs + 1):
            for way, rounds in measured.items():
                variables = administrator(settings) if way == "server" else {}
                rounds.append(measure("tracking", "--child", way, **variables))
    rows = {way: rounds[1:] for way, rounds in measured.items()}
    seconds = {way: [one["seconds"] for one in rounds] for way, rounds in rows.items()}
    plain = median(seconds["without"])
    return "\n".join(
        [
            f"Seconds of `kedro run --pipelines={PIPELINE}` on MNIST, {n_runs} rounds. "
            f"{os.cpu_count()} cores, Python {platform.python_version()}. The team's server, its "
            "PostgreSQL and the run share the machine.",
            "",
            "| tracking | median | spread | adds | requests | seconds in requests |",
            "|---|---:|---|---:|---:|---:|",
            *(
                f"| {WAYS[way]} | {median(row):.1f} | {min(row):.1f} to {max(row):.1f} "
                f"| {median(row) - plain:.1f} s, {median(row) / plain - 1:.1%} "
                f"| {median(one['requests'] for one in rows[way]):.0f} "
                f"| {median(one['waited'] for one in rows[way]):.1f} |"
                for way, row in seconds.items()
            ),
            "",
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3, help="rounds, after the first")
    parser.add_argument("--child", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run(options.child)
    else:
        table = main(options.runs)
        print(table)
        (HERE / "results" / "tracking.md").write_text(table)
