"""What a person sees when a run has ended."""

from pathlib import Path

from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from rich.console import Console
from rich.table import Table

from autoencoder_lab.metrics import contract
from autoencoder_lab.parameters import VARIANTS

from .outputs import log_instructions, saved_file
from .runs import RunTree

COLUMNS = {
    "test/mse": "{:.4f}",
    "test/psnr": "{:.1f}",
    "test/ssim": "{:.3f}",
    "denoise/gaussian_0.5/psnr_gain": "{:+.1f}",
    "tsne/trustworthiness": "{:.3f}",
    "pretraining/gain": "{:+.1%}",
    "fit/seconds": "{:.1f}",
}
"""The metrics shown, with their formats; all of them are in MLflow."""

ARROWS = {"lower": "↓", "higher": "↑", "": ""}


class PrintSummary:
    """Prints the results, where the figures are, and how to compare the runs."""

    def __init__(self, runs: RunTree) -> None:
        self._runs = runs

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        console = Console(highlight=False)
        console.print()
        metrics = _metrics_by_variant(pipeline, catalog)
        if metrics:
            console.print(_table(metrics))
        for folder in _figure_folders(pipeline, catalog):
            console.print(f"Figures  {folder}", soft_wrap=True)
        address = f"http://127.0.0.1:5000/{self._runs.page}"
        console.print(f"Compare  make ui, then {address}", soft_wrap=True)


def _metrics_by_variant(pipeline: Pipeline, catalog: DataCatalog) -> dict[str, dict[str, float]]:
    """Return what each variant's nodes measured, as saved on disk."""
    metrics: dict[str, dict[str, float]] = {}
    for name in sorted(pipeline.all_outputs()):
        variant = name.split(".")[0]
        match log_instructions(catalog[name]):
            case {"log": "metrics"}:
                metrics.setdefault(variant, {}).update(catalog.load(name))
            case {"log": "step_metrics"}:
                for last_step in catalog.load(name).to_dict("records")[-1:]:
                    metrics.setdefault(variant, {}).update(last_step)
    return metrics


def _table(metrics: dict[str, dict[str, float]]) -> Table:
    table = Table(title="Test images")
    table.add_column("variant")
    for metric in map(contract.find, COLUMNS):
        heading = f"{metric.name} {ARROWS[metric.better]}\n{metric.unit}"
        table.add_column(heading, justify="right")
    for variant in VARIANTS:
        if variant in metrics:
            values = metrics[variant]
            cells = [
                form.format(values[key]) if key in values else "" for key, form in COLUMNS.items()
            ]
            table.add_row(variant, *cells)
    return table


def _figure_folders(pipeline: Pipeline, catalog: DataCatalog) -> list[Path]:
    figures = [
        saved_file(dataset)
        for dataset in map(catalog.__getitem__, pipeline.all_outputs())
        if log_instructions(dataset).get("folder") == "figures"
    ]
    return sorted({figure.parent for figure in figures})
