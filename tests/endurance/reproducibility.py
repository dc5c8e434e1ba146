"""Whether variants' results are the same again, to the byte, and how far another machine's are.

    python -m tests.endurance.reproducibility [VARIANT ...]

Runs variants, or all, on the digits, each time in a new project. Instructions that a processor may
use stand for another machine. Writes `benchmarks/results/reproducibility.md`. Of all variants, it
takes half an hour.
"""

import math
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..end_to_end.conftest import PROJECT, copy_project
from ..waiting import LONGEST_WAIT
from .whole_runs import Results, differences, results

N_BUSY = 4

OTHER_PROCESSORS = {
    "without AVX": {
        "OPENBLAS_CORETYPE": "Nehalem",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2",
    },
    "with AVX2 at most": {
        "OPENBLAS_CORETYPE": "Haswell",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    },
    "without oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "0"},
}
"""What OpenBLAS, oneDNN and XLA may use of this processor; TensorFlow's own Eigen is as it is."""


def all_variants() -> list[str]:
    """Return the names of all variants."""
    from kedro.framework.startup import bootstrap_project

    bootstrap_project(PROJECT)
    from autoencoder_lab.session.variants import find_variants

    found = find_variants()
    return [*found.base, *found.own]


def run(
    variants: Sequence[str],
    *more: str,
    within: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> Results:
    """Return what a run of variants makes in a new project."""
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder))
        command = ["run", "--env=smoke", f"--pipelines={','.join(variants)}", *more]
        subprocess.run(
            [*within, sys.executable, "-m", "kedro", *command],
            cwd=project.folder,
            env={**os.environ, **(variables or {})},
            stdout=subprocess.DEVNULL,
            timeout=LONGEST_WAIT,
            check=True,
        )
        return results(project)


@contextmanager
def busy_machine() -> Iterator[None]:
    """Keep all cores busy."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(N_BUSY)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()


def largest_differences(made: Results, expected: Results) -> dict[str, float]:
    """Return by group of metrics the largest difference of a value, relative to the larger one."""
    largest: dict[str, float] = defaultdict(float)
    for name, value in expected.metrics.items():
        group, now = name.partition(": ")[2].rpartition("/")[0], made.metrics[name]
        if not math.isnan(value + now) and value != now:
            difference = abs(value - now) / max(abs(value), abs(now))
            largest[group] = max(largest[group], difference)
    return largest


def table_of_processors(elsewhere: Mapping[str, Results], expected: Results) -> list[str]:
    """Return how far results on processors are apart, and what `kedro replay` says of them."""
    from autoencoder_lab.comparison.tolerance import BETWEEN_PROCESSORS

    differing = {name: largest_differences(made, expected) for name, made in elsewhere.items()}
    n_outside = [
        sum(
            not BETWEEN_PROCESSORS.allows(name.partition(": ")[2], made.metrics[name], value)
            for name, value in expected.metrics.items()
            if not math.isnan(value + made.metrics[name])
        )
        for made in elsewhere.values()
    ]
    lines = ["", "The largest relative difference of a metric, on a processor", ""]
    lines += [f"| metrics | {' | '.join(elsewhere)} |", "|---" + "|---:" * len(elsewhere) + "|"]
    for group in sorted({group for by_group in differing.values() for group in by_group}):
        cells = [f"{by_group.get(group, 0):.1g}" for by_group in differing.values()]
        lines.append(f"| `{group}/…` | {' | '.join(cells)} |")
    outside = " | ".join(map(str, n_outside))
    return [*lines, f"| not equal for `kedro replay --tolerance processors` | {outside} |"]


def main() -> None:
    """Try all, and write down what came of it."""
    variants = sys.argv[1:] or all_variants()
    expected = run(variants)
    again = {"in another folder and process": run(variants)}
    again["on one core"] = run(variants, within=["taskset", "--cpu-list", "0"])
    again["in threads"] = run(variants, "--runner=ThreadRunner")
    with busy_machine():
        again["on a busy machine"] = run(variants)
    lines = [
        f"Of {', '.join(variants)}.",
        "",
        "| again | files and metrics that differ |",
        "|---|---:|",
    ]
    for name, made in again.items():
        found = [*differences(made, expected)]
        print(name, *found, sep="\n  ", flush=True)
        n_compared = len(expected.files) + len(expected.metrics)
        lines.append(f"| {name} | {len(found)} of {n_compared} |")
    elsewhere = {
        name: run(variants, variables=settings) for name, settings in OTHER_PROCESSORS.items()
    }
    lines += table_of_processors(elsewhere, expected)
    file = PROJECT / "benchmarks/results/reproducibility.md"
    file.write_text("\n".join(lines) + "\n")
    print(file.read_text())


if __name__ == "__main__":
    main()
