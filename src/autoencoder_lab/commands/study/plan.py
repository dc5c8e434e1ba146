"""The cells of a study, and which of them are done."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kedro.config import AbstractConfigLoader
from kedro.framework.context import KedroContext
from kedro.framework.session import KedroSession

from autoencoder_lab.cells.code_state import CodeState, read_code_state
from autoencoder_lab.comparison.results import differences, latest_finished, made_with
from autoencoder_lab.failures import BadInput, listing
from autoencoder_lab.parameters import StudyParams, as_logged, run_parameters, variant_names
from autoencoder_lab.parameters.problems import WrongParameters, suggest, validate
from autoencoder_lab.session.raw_images import load_raw_images
from autoencoder_lab.session.typed_params import read_typed
from autoencoder_lab.session.variants import find_variants
from autoencoder_lab.tracking import CellResultsDataset
from autoencoder_lab.tracking.store.opening import open_experiment


@dataclass(frozen=True)
class Cell:
    """A data set, a variant and a seed."""

    dataset: str
    variant: str
    seed: int

    @property
    def name(self) -> str:
        """What the cell is called in a line."""
        return f"{self.dataset}, {self.variant}, seed {self.seed}"


@dataclass(frozen=True)
class Study:
    """The cells of a study, in the order in which they run, and which of them are done.

    Attributes:
        data_root: Under which results are: an address, or a folder of the project.
    """

    project: Path
    data_root: str
    code: CodeState
    run_key: str
    env: str | None
    params: str | None
    cells: tuple[Cell, ...]
    done: frozenset[Cell] = frozenset()

    @property
    def to_run(self) -> list[Cell]:
        return [cell for cell in self.cells if cell not in self.done]

    @property
    def datasets(self) -> list[str]:
        return list(dict.fromkeys(cell.dataset for cell in self.cells))

    def code_changes(self) -> list[str]:
        """Return in what the code that computes is no longer that with which the study began."""
        return read_code_state(self.project).differences(self.code)

    def run_cell(self, cell: Cell) -> list[str]:
        """Return what runs a cell, after `kedro`; where it was begun, it goes on from there."""
        params = f"dataset={cell.dataset},seed={cell.seed},run_key={self.run_key}"
        return [*self._run(cell.variant, params), "--only-missing-outputs"]

    def ingest(self, dataset: str) -> list[str]:
        """Return what reads the images of a data set, after `kedro`."""
        return self._run("ingest", f"dataset={dataset},run_key={self.run_key}")

    def compare(self, dataset: str) -> list[str]:
        """Return what compares the cells of a data set, after `kedro`."""
        return self._run("comparison", f"dataset={dataset},run_key={self.run_key}")

    def commands(self) -> dict[str, object]:
        """Return all that is run, for programs: what follows `kedro`, by data set and by cell."""
        return {
            "run_key": self.run_key,
            "ingest": [self.ingest(dataset) for dataset in self.datasets],
            "cells": [
                {
                    "dataset": cell.dataset,
                    "variant": cell.variant,
                    "seed": cell.seed,
                    "is_done": cell in self.done,
                    "command": self.run_cell(cell),
                }
                for cell in self.cells
            ],
            "comparison": [self.compare(dataset) for dataset in self.datasets],
        }

    def _run(self, pipeline: str, params: str) -> list[str]:
        environment = [f"--env={self.env}"] if self.env else []
        return ["run", *environment, f"--pipelines={pipeline}", f"--params={self._params(params)}"]

    def _params(self, of_cells: str) -> str:
        return f"{of_cells},{self.params}" if self.params else of_cells

    def context(self, dataset: str) -> KedroContext:
        """Return the context of what is run of a data set."""
        params = read_typed(self._params(f"dataset={dataset},run_key={self.run_key}"))
        return _context(self.project, self.env, **params)


def read_study(project: Path, env: str | None, options: Mapping[str, object]) -> Study:
    """Return the study that `study.yml` and the options, which go before it, describe.

    Raises:
        BadInput: A key, variant, data set or seed is none.
    """
    config = _context(project, env).config_loader
    params = _read_params(config, options)
    variants = params.variants or find_variants().base
    cells = tuple(
        Cell(dataset, variant, seed)
        for dataset in params.datasets
        for seed in params.seeds  # first the first seed of all: they can be compared early
        for variant in variants
    )
    root, code = config["globals"]["data_root"], read_code_state(project)
    return Study(project, root, code, params.run_key, env, params.params, cells)


def plan_study(project: Path, env: str | None, options: Mapping[str, object]) -> Study:
    """Return a study as `read_study` does, with the cells that are done.

    Raises:
        BadInput: As there; or a run of the study's run key was made from something else than now
            would be.
    """
    study = read_study(project, env, options)
    done: set[Cell] = set()
    problems: list[str] = []
    for dataset in study.datasets:
        for cell, difference in _finished(study, dataset):
            if difference:
                problems.append(f"{cell.name}: {difference} now")
            else:
                done.add(cell)
    if problems:
        title = f"cells of run_key {study.run_key} were made from something else"
        remedy = "Set it as it was, or choose another --run-key"
        raise BadInput(f"{listing(title, problems)}\n{remedy}")
    return replace(study, done=frozenset(done))


def _read_params(config: AbstractConfigLoader, options: Mapping[str, object]) -> StudyParams:
    written = {**config["study"], **options}
    try:
        params = validate(written, StudyParams)
    except WrongParameters as wrong:
        raise BadInput(listing("wrong study", wrong.problems)) from wrong
    known = variant_names(config["parameters"])
    problems = [
        f"variants: {name}{suggest(name, known)}"
        for name in params.variants or ()
        if name not in known
    ]
    if problems:
        raise BadInput(listing("wrong study", problems))
    return params


def _finished(study: Study, dataset: str) -> Iterator[tuple[Cell, str]]:
    """Yield the cells that are finished, and in what they differ from what would be made now."""
    context = study.context(dataset)
    raw_images = load_raw_images(context.catalog)
    from_now = made_with({"data_digest": raw_images.sha256, "code_digest": study.code.digest})
    parameters = context.catalog.load("parameters")
    open_experiment(context.mlflow, context)  # type: ignore[attr-defined]
    results = CellResultsDataset(dataset=dataset, run_key=study.run_key).load()
    finished = latest_finished(results)
    for cell in study.cells:
        if cell.dataset == dataset and (result := finished.get((cell.variant, cell.seed))):
            now = run_parameters({**parameters, "seed": cell.seed}, cell.variant)
            yield (
                cell,
                differences(
                    {**result.made_with, **result.parameters},
                    {**from_now, **{key: as_logged(value) for key, value in now.items()}},
                ),
            )


def _context(project: Path, env: str | None, **params: Any) -> KedroContext:
    return KedroSession.create(project_path=project, env=env, runtime_params=params).load_context()
