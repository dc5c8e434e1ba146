"""The results of cells, as read from their runs, and which of them may be compared."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from autoencoder_lab.images.arrays import Autoencoder

FINISHED, FAILED = "FINISHED", "FAILED"

OF_VARIANT = ("model.", "training.")
"""How the keys of a variant's own parameters begin."""

OF_CELL = ("dataset", "seed", "run_key")

MADE_WITH = {"data": "data_digest", "code": "code_digest"}
"""The tags in which runs of one comparison may not differ, by what a reader calls them."""

MADE_WITH_BEFORE = {
    "data": "data_digest",
    "commit": "git_commit",
    "digest of uncommitted changes": "git_changes",
}
"""Those of runs that were made before there was a digest of the code that computes."""


Values = Mapping[tuple[str, int], float]
"""The metrics that repeat, by key and step; a metric of one value has step 0."""


@dataclass(frozen=True)
class CellResult:
    """What a run holds of a data set, a variant and a seed.

    Attributes:
        run_id: MLflow's.
        user: Who ran it: of a tracking server with log-ins, the one who was logged in.
        status: MLflow's: FINISHED for a run that holds all that the metric contract asks for.
        ended: In milliseconds; of a run that goes on, when it began.
        made_with: The data and the code, by what each is called in a sentence.
        parameters: As they were logged, by dotted keys.
        metrics: Those that have one value.
        load_few_labels: Gives the metrics by the number of `labels`, a row each; none of unlabelled
            data, and nothing of a model without an encoder.
        load_map: Gives the page with the map of the codings; empty where there is none.
        load_model: Gives the fitted model.
        load_values: Gives all metrics that the same code, data and seed give again.
        load_earlier: Gives finished results of the same cell that began before: the latest, then
            those that were made from the same data and code, the latest first.
        foreign: Why it is no result of this project, as a run that somebody made by hand; empty
            where it is one.
    """

    dataset: str
    variant: str
    seed: int
    run_key: str
    run_id: str
    user: str
    status: str
    ended: int
    made_with: Mapping[str, str]
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    load_few_labels: Callable[[], pd.DataFrame]
    load_map: Callable[[], str]
    load_model: Callable[[], Autoencoder]
    load_values: Callable[[], Values]
    load_earlier: Callable[[], Iterable["CellResult"]]
    foreign: str = ""

    @property
    def name(self) -> str:
        """What the cell is called in a sentence."""
        return f"{self.variant}, seed {self.seed}"


@dataclass(frozen=True)
class LeftOut:
    """A cell that is not compared with the others, and why."""

    result: CellResult
    reason: str


@dataclass(frozen=True)
class Choice:
    """The cells that are compared, by variant and seed, and those that are not."""

    compared: tuple[CellResult, ...]
    left_out: tuple[LeftOut, ...]


def choose(results: Sequence[CellResult]) -> Choice:
    """Return the latest finished result of each cell that was made like the latest of all.

    The same data, code and shared parameters made all that are compared, and the same parameters
    of a variant all its seeds: or a difference between variants could be one between commits, and
    an interval over seeds one over settings.

    Raises:
        ValueError: No result is finished.
    """
    left_out = [LeftOut(result, result.foreign) for result in results if result.foreign]
    results = [result for result in results if not result.foreign]
    finished = latest_finished(results)
    if not finished:
        raise ValueError("none of the runs is finished")
    latest = next(iter(finished.values()))
    latest_of: dict[str, CellResult] = {}
    compared: list[CellResult] = []
    for result in finished.values():
        like = latest
        difference = differences(_shared_facts(result), _shared_facts(like))
        if not difference:
            like = latest_of.setdefault(result.variant, result)
            difference = differences(_own_facts(result), _own_facts(like))
        if difference:
            left_out.append(LeftOut(result, f"{difference} in {like.name}, which is later"))
        else:
            compared.append(result)
    for cell, result in _latest(results).items():
        if cell not in finished:
            left_out.append(LeftOut(result, f"its run is {result.status}"))
        elif result.status == FAILED:
            left_out.append(LeftOut(result, "its run is FAILED: the one before is taken"))
    return Choice(
        tuple(sorted(compared, key=lambda result: (result.variant, result.seed))),
        tuple(sorted(left_out, key=lambda omitted: (omitted.result.variant, omitted.result.seed))),
    )


def latest_finished(results: Iterable[CellResult]) -> dict[tuple[str, int], CellResult]:
    """Return the latest finished result of each variant and seed, the latest of all first."""
    return _latest(cell for cell in results if cell.status == FINISHED and not cell.foreign)


def made_with(tags: Mapping[str, str | None]) -> dict[str, str]:
    """Return the data and the code that a run's tags name, as results call them."""
    names = MADE_WITH if tags.get(MADE_WITH["code"]) else MADE_WITH_BEFORE
    return {name: value[:8] for name, tag in names.items() if (value := tags.get(tag))}


def differences(facts: Mapping[str, str], others: Mapping[str, str]) -> str:
    """Return in what facts differ from others, as part of a sentence; nothing where in nothing."""
    return ", ".join(
        f"{key} is {facts.get(key, 'not set')}, but {others.get(key, 'not set')}"
        for key in {**facts, **others}
        if facts.get(key) != others.get(key)
    )


def cause_of_difference(result: CellResult, earlier: CellResult) -> str:
    """Return in which data, code and parameters two results of a cell differ; empty if in none."""
    now, then = (
        {**cell.made_with, **{key: v for key, v in cell.parameters.items() if key not in OF_CELL}}
        for cell in (result, earlier)
    )
    return differences(now, then)


def _latest(results: Iterable[CellResult]) -> dict[tuple[str, int], CellResult]:
    latest: dict[tuple[str, int], CellResult] = {}
    for result in sorted(results, key=lambda result: result.ended, reverse=True):
        latest.setdefault((result.variant, result.seed), result)
    return latest


def _shared_facts(result: CellResult) -> dict[str, str]:
    """Return what is the same for all that is compared."""
    shared = {
        key: value
        for key, value in result.parameters.items()
        if key not in OF_CELL and not key.startswith(OF_VARIANT)
    }
    return {**result.made_with, **shared}


def _own_facts(result: CellResult) -> dict[str, str]:
    """Return what is the same for all seeds of a variant."""
    return {k: value for k, value in result.parameters.items() if k.startswith(OF_VARIANT)}
