"""Whole runs on the digits, and what is wrong with one beside one that nothing happened to."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from mlflow.entities import Run

from ..end_to_end.conftest import ProjectCopy, copy_project, keep_each_state

EPOCHS = 30

OF_THE_CLOCK = ("node/", "fit/", "system/")
"""What the metrics begin with that are never the same."""

NOT_RESULTS = (".lock", "made_from.json", "fit_metrics.json")
"""Files that are there for a while, or hold times."""


@dataclass(frozen=True)
class Results:
    """All that a run has made, but for times: digests of files by path, metrics by key."""

    files: Mapping[str, str]
    metrics: Mapping[str, float]


def new_project(folder: Path) -> ProjectCopy:
    """Return a project that keeps the state of a fit as often as it may."""
    project = copy_project(folder)
    keep_each_state(project)
    return project


def arguments(variant: str) -> list[str]:
    """Return how a run is started, and started again."""
    return [
        "run",
        "--env=smoke",
        f"--pipelines={variant}",
        f"--params=run_key=night,{variant}.training.epochs={EPOCHS}",
    ]


def results(project: ProjectCopy) -> Results:
    """Return what the runs of a project have made, of each variant one."""
    files = {
        str(file.relative_to(project.folder)): digest(_content(file))
        for file in project.folder.glob("data/0[3-8]_*/**/*")
        if file.is_file() and file.name not in NOT_RESULTS
    }
    runs = {run.data.tags["variant"]: run for run in project.runs() if "variant" in run.data.tags}
    metrics = {
        f"{variant}: {key}": value
        for variant, run in runs.items()
        for key, value in run.data.metrics.items()
        if not key.startswith(OF_THE_CLOCK)
    }
    return Results(files, metrics)


def runs_of(project: ProjectCopy, variant: str) -> list[Run]:
    """Return the runs of a variant, newest first."""
    return [run for run in project.runs() if run.data.tags.get("variant") == variant]


def wrong_files(project: ProjectCopy) -> Iterator[str]:
    """Yield the files that are not as their record says, of those that it says are whole."""
    for record in project.folder.glob("data/0[2-8]_*/**/made_from.json"):
        for name, origin in json.loads(record.read_text())["files"].items():
            file = record.parent / name
            if origin["sha256"] and file.exists() and digest(file.read_bytes()) != origin["sha256"]:
                yield f"{file} is not whole"


def left_over(project: ProjectCopy) -> Iterator[str]:
    """Yield parts of files, and runs that are said to be running."""
    yield from (f"{file} was left" for file in project.written() if file.endswith(".partial"))
    statuses = Counter(run.info.status for run in project.runs())
    if statuses["RUNNING"]:
        yield f"runs are {dict(statuses)}"


def wrong_at_the_end(project: ProjectCopy, variant: str, expected: Results) -> Iterator[str]:
    """Yield what is lost, twice there, left over or another than expected."""
    yield from left_over(project)
    runs = runs_of(project, variant)
    if [run.info.status for run in runs] != ["FINISHED"]:
        yield f"the variant's runs are {[run.info.status for run in runs]}"
        return
    for key in ("train/loss", "val/loss"):
        history = project.client.get_metric_history(runs[0].info.run_id, key)
        steps = sorted(loss.step for loss in history)
        if steps != [*range(1, EPOCHS + 1)]:
            yield f"{key} is there of the epochs {steps}"
    yield from differences(results(project), expected)


def differences(made: Results, expected: Results) -> Iterator[str]:
    """Yield what is lost, new or another than expected."""
    yield from _differences("file", made.files, expected.files)
    yield from _differences("metric", made.metrics, expected.metrics)


def digest(content: bytes) -> str:
    """Return the SHA-256."""
    return hashlib.sha256(content).hexdigest()


def _content(file: Path) -> bytes:
    """Return what is in a file: of a model its weights, beside which are dates."""
    if file.suffix not in (".keras", ".npz"):
        return file.read_bytes()
    with ZipFile(file) as archive:  # of which each version of Python packs in its own way
        names = ["model.weights.h5"] if file.suffix == ".keras" else archive.namelist()
        return b"".join(archive.read(name) for name in names)


def _differences(
    kind: str, made: Mapping[str, object], expected: Mapping[str, object]
) -> Iterator[str]:
    for name in sorted({*made, *expected}):
        if name not in made or name not in expected:
            yield f"the {kind} {name} is {'lost' if name in expected else 'new'}"
        elif made[name] != expected[name]:
            yield f"the {kind} {name} is {made[name]} instead of {expected[name]}"
