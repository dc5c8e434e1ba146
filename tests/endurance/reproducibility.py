"""Whether all variants' results are the same again, to the byte, and how far another machine's are.

    python -m tests.endurance.reproducibility

Runs all variants on the digits, each time in a new project. Instructions that a processor may use
stand for another machine. Writes `benchmarks/results/reproducibility.md`; some 15 minutes.
"""

import math
import os
import subprocess
import sys
import tempfile
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


def variants() -> list[str]:
    """Return the names of all variants."""
    from kedro.framework.project import configure_project

    configure_project("autoencoder_lab")
    from autoencoder_lab.session.variants import find_variants

    found = find_variants()
    return [*found.base, *found.own]


def run(
    *more: str, within: Sequence[str] = (), variables: Mapping[str, str] | None = None
) -> Results:
    """Return what a run of all variants makes in a new project."""
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder))
        command = ["run", "--env=smoke", f"--pipelines={','.join(variants())}", *more]
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


def largest_differences(made: Results, expected: Results) -> dict[str, tuple[float, str]]:
    """Return by variant the largest relative difference of a metric, and which metric it is."""
    largest: dict[str, tuple[float, str]] = {}
    for name, value in expected.metrics.items():
        variant, _, key = name.partition(": ")
        now = made.metrics[name]
        both = max(abs(value), abs(now))
        if not math.isnan(value + now) and both:
            largest[variant] = max(largest.get(variant, (0, "")), (abs(value - now) / both, key))
    return largest


def main() -> None:
    """Try all, and write down what came of it."""
    expected = run()
    again = {"in another folder and process": run()}
    again["on one core"] = run(within=["taskset", "--cpu-list", "0"])
    again["in threads"] = run("--runner=ThreadRunner")
    with busy_machine():
        again["on a busy machine"] = run()
    lines = ["| all variants again | files and metrics that differ |", "|---|---:|"]
    for name, made in again.items():
        found = [*differences(made, expected)]
        print(name, *found, sep="\n  ", flush=True)
        n_compared = len(expected.files) + len(expected.metrics)
        lines.append(f"| {name} | {len(found)} of {n_compared} |")
    elsewhere = {
        name: largest_differences(run(variables=settings), expected)
        for name, settings in OTHER_PROCESSORS.items()
    }
    lines += ["", "The largest relative difference of a metric, on a processor", ""]
    lines += [f"| variant | {' | '.join(elsewhere)} |", "|---" * (1 + len(elsewhere)) + "|"]
    for variant in variants():
        cells = [
            f"{number:.1g}, `{key}`" for number, key in (by[variant] for by in elsewhere.values())
        ]
        lines.append(f"| `{variant}` | {' | '.join(cells)} |")
    file = PROJECT / "benchmarks/results/reproducibility.md"
    file.write_text("\n".join(lines) + "\n")
    print(file.read_text())


if __name__ == "__main__":
    main()
