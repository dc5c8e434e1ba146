"""Whether all of a study has succeeded, once nothing of it runs any more."""

from rich.console import Console

from autoencoder_lab.results import FINISHED
from autoencoder_lab.tracking.occasions import end_occasion
from autoencoder_lab.tracking.store import open_experiment

from .plan import Study


def give_verdict(study: Study, console: Console) -> bool:
    """Print how each cell and comparison ended, and return whether all of them succeeded.

    Runs that are RUNNING, but whose process is gone, are ended first.
    """
    context = study.context(study.datasets[0])
    client, experiment = open_experiment(context.mlflow, context)  # type: ignore[attr-defined]
    cells = {cell: (cell.dataset, cell.variant, str(cell.seed)) for cell in study.cells}
    outcome = end_occasion(
        client, experiment.experiment_id, study.run_key, cells.values(), study.datasets
    )
    statuses = {cell.name: outcome.cells.get(tags, "NOT BEGUN") for cell, tags in cells.items()}
    statuses |= {
        f"{dataset}, comparison": FINISHED if dataset in outcome.compared else "MISSING"
        for dataset in study.datasets
    }
    for name, status in statuses.items():
        console.print(f"{status:9}  {name}", style="" if status == FINISHED else "red")
    console.print(f"Run key {study.run_key} is {outcome.parent or 'not begun'}.")
    return {outcome.parent, *statuses.values()} == {FINISHED}
