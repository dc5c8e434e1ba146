"""Whether a whole study has succeeded, once all of it has ended."""

from collections.abc import Iterator

from rich.console import Console

from autoencoder_lab.comparison.results import FINISHED, choose, latest_finished
from autoencoder_lab.tracking import CellResultsDataset
from autoencoder_lab.tracking.runs.occasions import end_occasion
from autoencoder_lab.tracking.store.opening import open_experiment

from .plan import Study


def give_verdict(study: Study, console: Console) -> bool:
    """Print how each cell and comparison ended, and return whether all of them succeeded.

    Runs that are RUNNING, but whose process is gone, are ended first. A cell that was made from
    something else than the others, as other code on one of several machines, has not succeeded.
    """
    context = study.context(study.datasets[0])
    client, experiment = open_experiment(context.mlflow, context)  # type: ignore[attr-defined]
    cells = {cell: (cell.dataset, cell.variant, str(cell.seed)) for cell in study.cells}
    outcome = end_occasion(
        client, experiment.experiment_id, study.run_key, cells.values(), study.datasets
    )
    statuses = {cell.name: outcome.cells.get(tags, "NOT BEGUN") for cell, tags in cells.items()}
    left_out = {
        name: reason for dataset in study.datasets for name, reason in _left_out(study, dataset)
    }
    statuses |= {name: "LEFT OUT" for name in left_out if name in statuses}
    statuses |= {
        f"{dataset}, comparison": FINISHED if dataset in outcome.compared else "MISSING"
        for dataset in study.datasets
    }
    for name, status in statuses.items():
        why = f": {left_out[name]}" if name in left_out else ""
        console.print(f"{status:9}  {name}{why}", style="" if status == FINISHED else "red")
    console.print(f"Run key {study.run_key} is {outcome.parent or 'not begun'}.")
    return {outcome.parent, *statuses.values()} == {FINISHED}


def _left_out(study: Study, dataset: str) -> Iterator[tuple[str, str]]:
    """Yield the cells that are finished, but cannot be compared with the others, and why."""
    results = CellResultsDataset(dataset=dataset, run_key=study.run_key).load()
    if latest_finished(results):
        for omitted in choose(results).left_out:
            if omitted.result.status == FINISHED:
                yield f"{dataset}, {omitted.result.name}", omitted.reason
