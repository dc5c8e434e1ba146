"""Cuts runs off at many moments, goes on, and compares with runs that were never cut off.

    python -m tests.endurance.interruptions [--families dense tied] [--moments 20] [--jobs 2]

For each family, at many moments spread evenly over a run's nodes, for each of three signals so
many, and each time in a new project: start `kedro run`, send the signal, look at what is there, and
type the same with `--only-missing-outputs`. The first for each signal comes before any node. Writes
`benchmarks/results/interruptions.md`. A hundred take half an hour on two cores.
"""

import argparse
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from signal import Signals
from subprocess import Popen

from ..end_to_end.conftest import PROJECT, ProjectCopy, preloaded_kedro
from ..waiting import LONGEST_WAIT
from .whole_runs import (
    Results,
    arguments,
    left_over,
    new_project,
    results,
    runs_of,
    wrong_at_the_end,
    wrong_files,
)

VARIANTS = {
    "dense": "stacked",
    "tied": "tied",
    "convolutional": "convolutional",
    "encoder": "ladder",
    "generator": "gan",
}
"""By family."""

BEFORE_NODES = 2
"""Seconds after the start of a process, which has libraries already."""

STATUSES = {Signals.SIGKILL: -9, Signals.SIGTERM: 128 + 15, Signals.SIGINT: 1}
"""How a run ends that is sent a signal."""


@dataclass(frozen=True)
class Cut:
    """A run that is cut off, and when: before any node, or so long after the first has begun."""

    variant: str
    signal: Signals
    seconds: float | None


@dataclass(frozen=True)
class Outcome:
    """What a run was doing when it was cut off, and what was wrong then and after it went on."""

    cut: Cut
    during: str
    n_resumed_epochs: int
    problems: Sequence[str]

    @property
    def was_cut_off(self) -> bool:
        """Whether the signal came before the run's end."""
        return self.during != "over"


def straight(variant: str) -> tuple[float, Results]:
    """Return how many seconds the nodes of a run take that is not cut off, and what it makes."""
    with tempfile.TemporaryDirectory() as folder:
        project = new_project(Path(folder))
        process = project.start(*arguments(variant))
        until_first_node(process)
        started = time.monotonic()
        printed, errors = process.communicate(timeout=LONGEST_WAIT)
        seconds = time.monotonic() - started
        assert process.returncode == 0, printed + errors
        return seconds, results(project)


def until_first_node(process: Popen[str]) -> str:
    """Wait until a run's first node begins, and return what was printed until then."""
    assert process.stdout is not None
    printed = ""
    for line in process.stdout:
        printed += line
        if "Running " in line:
            break
    return printed


def try_out(cut: Cut, expected: Results) -> Outcome:
    """Cut a run off, go on, and say what was wrong."""
    with tempfile.TemporaryDirectory() as folder:
        project = new_project(Path(folder))
        process = project.start(*arguments(cut.variant))
        printed = "" if cut.seconds is None else until_first_node(process)
        time.sleep(BEFORE_NODES if cut.seconds is None else cut.seconds)
        process.send_signal(cut.signal)
        more, errors = process.communicate(timeout=LONGEST_WAIT)
        printed += more
        if process.returncode == 0:
            return Outcome(cut, "over", 0, [])
        problems = [*wrong_once_cut_off(project, cut, process.returncode)]
        done = project.kedro(*arguments(cut.variant), "--only-missing-outputs")
        if done.returncode == 0:
            problems += wrong_at_the_end(project, cut.variant, expected)
        else:
            problems.append(f"going on failed: {done.stdout + done.stderr}")
        if problems:
            problems.append(f"until it was cut off it had printed: {printed + errors}")
        metrics = [run.data.metrics for run in runs_of(project, cut.variant)]
        n_resumed = sum(int(each.get("fit/resumed_epochs", 0)) for each in metrics)
        return Outcome(cut, last_node(printed), n_resumed, problems)


def last_node(printed: str) -> str:
    """Return the node that was begun last, without its variant."""
    nodes = [line.partition("Running ")[2] for line in printed.splitlines() if "Running " in line]
    return nodes[-1].split()[0].rpartition(".")[2] if nodes else "before any node"


def wrong_once_cut_off(project: ProjectCopy, cut: Cut, status: int) -> Iterator[str]:
    """Yield what should not be so after a signal; a process that it kills cannot tidy up."""
    yield from wrong_files(project)
    if status not in (STATUSES[cut.signal], -cut.signal):  # the second before there is a session
        yield f"it ended with {status}"
    if status > 0:
        yield from left_over(project)


def report(outcomes: Sequence[Outcome]) -> str:
    """Return what was tried, as Markdown."""
    cells = defaultdict(list)
    for outcome in outcomes:
        cells[outcome.cut.variant, outcome.cut.signal.name].append(outcome)
    lines = [
        "| variant | signal | cut off | over by then | fit resumed | something wrong |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for (variant, signal), those in cells.items():
        n_cut_off = sum(outcome.was_cut_off for outcome in those)
        n_resumed = sum(outcome.n_resumed_epochs > 0 for outcome in those)
        n_wrong = sum(bool(outcome.problems) for outcome in those)
        numbers = (n_cut_off, len(those) - n_cut_off, n_resumed, n_wrong)
        lines.append(f"| `{variant}` | {signal} | {' | '.join(map(str, numbers))} |")
    lines += ["", "What the runs were doing when they were cut off:", "", "| node | runs |"]
    during = Counter(outcome.during for outcome in outcomes if outcome.was_cut_off)
    lines += ["|---|---:|", *(f"| {node} | {n_runs} |" for node, n_runs in during.most_common())]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Try out what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--families", nargs="+", choices=VARIANTS, default=[*VARIANTS])
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    preloaded_kedro()
    outcomes = []
    with ThreadPoolExecutor(chosen.jobs) as pool:
        for variant in (VARIANTS[family] for family in chosen.families):
            seconds, expected = straight(variant)
            n_later = (chosen.moments - 1) * len(STATUSES)
            moments = [None] * len(STATUSES) + [seconds * n / n_later for n in range(n_later)]
            cuts = [Cut(variant, *cut) for cut in zip(cycle(STATUSES), moments, strict=False)]
            for outcome in pool.map(partial(try_out, expected=expected), cuts):
                outcomes.append(outcome)
                print(outcome, flush=True)
    file = PROJECT / "benchmarks/results/interruptions.md"
    file.write_text(report(outcomes))
    print(file.read_text())


if __name__ == "__main__":
    main()
