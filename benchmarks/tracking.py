"""What tracking adds to a run: the same pipeline with and without the hooks that know MLflow.

    PYTHONPATH=src python -m benchmarks.tracking [--runs 3]

`kedro run --pipelines=stacked` on MNIST, each time a process of its own, in turn with and without.
The first round fills the disk's cache and is not counted. Writes `benchmarks/results/tracking.md`.
"""

import argparse
import json
import os
import platform
import time
from pathlib import Path
from statistics import median

from .processes import measure

HERE = Path(__file__).parent
PIPELINE = "stacked"


def run(*, is_tracked: bool) -> None:
    """Run the pipeline in this process, and print how long it took, imports included."""
    started = time.perf_counter()
    from kedro.framework.startup import bootstrap_project

    bootstrap_project(HERE.parent)
    from kedro.framework.project import settings
    from kedro.framework.session import KedroSession

    from autoencoder_lab import tracking

    if not is_tracked:
        package = f"{tracking.__name__}."
        others = [hook for hook in settings.HOOKS if not type(hook).__module__.startswith(package)]
        assert len(others) < len(settings.HOOKS)
        settings.set("HOOKS", tuple(others))
    with KedroSession.create(project_path=HERE.parent) as session:
        session.run(pipeline_names=[PIPELINE])
    print(json.dumps({"seconds": time.perf_counter() - started}))


def main(n_runs: int) -> str:
    """Measure, and return the table."""
    seconds: dict[str, list[float]] = {"with": [], "without": []}
    for _ in range(n_runs + 1):
        for how, measured in seconds.items():
            measured.append(measure("tracking", "--child", how)["seconds"])
    rows = {how: measured[1:] for how, measured in seconds.items()}
    added = median(rows["with"]) - median(rows["without"])
    share = added / median(rows["without"])
    return "\n".join(
        [
            f"Seconds of `kedro run --pipelines={PIPELINE}` on MNIST, {n_runs} rounds. "
            f"{os.cpu_count()} cores, Python {platform.python_version()}, embedded store.",
            "",
            "| tracking | median | spread |",
            "|---|---:|---|",
            *(
                f"| {how} | {median(row):.1f} | {min(row):.1f} to {max(row):.1f} |"
                for how, row in rows.items()
            ),
            "",
            f"Tracking adds {added:.1f} s, {share:.1%}.",
            "",
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3, help="rounds, after the first")
    parser.add_argument("--child", choices=["with", "without"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run(is_tracked=options.child == "with")
    else:
        table = main(options.runs)
        print(table)
        (HERE / "results" / "tracking.md").write_text(table)
