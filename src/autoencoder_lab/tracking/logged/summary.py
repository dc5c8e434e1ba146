"""The summary in the terminal at the end of a session."""

import shlex

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro_mlflow.config.kedro_mlflow_config import KedroMlflowConfig
from rich.console import Console
from rich.table import Table

from autoencoder_lab.cells.stored_files import stored_file
from autoencoder_lab.metrics import contract
from autoencoder_lab.tracking.runs.run_tree import RunTree
from autoencoder_lab.tracking.store.config import embedded_store
from autoencoder_lab.tracking.store.shared_view import page

from .champions import KeepChampions
from .outputs import LogOutputs, log_instructions

COLUMNS = {
    "test/mse": "{:.4f}",
    "baseline/pca_mse": "{:.4f}",
    "test/ssim": "{:.3f}",
    "denoise/gaussian_0.5/psnr_gain": "{:+.1f}",
    "probe/linear_accuracy": "{:.3f}",
    "anomaly/auroc": "{:.3f}",
    "fit/seconds": "{:.1f}",
}
"""The metrics shown where any variant has them, with their formats; all of them are in MLflow."""

GAIN, INTERVAL, SPREAD = "pretraining/gain", "pretraining/gain_interval", "pretraining/spread"
FEW_LABELS = (
    "Above: points of accuracy that a pretrained encoder gains over one from scratch, with 95 % "
    "interval. Below: accuracy of labels that spread over the codings."
)


class PrintSummary:
    """Prints what was logged, and where the figures, the report and the runs are."""

    def __init__(self, runs: RunTree, outputs: LogOutputs, champions: KeepChampions) -> None:
        self._runs = runs
        self._outputs = outputs
        self._champions = champions

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        self._context = context

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        self._print(pipeline, catalog)

    @hook_impl
    def on_pipeline_error(
        self, error: BaseException, pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        if isinstance(error, Exception) and self._outputs.measured:  # some variants are done
            self._print(pipeline, catalog)

    def _print(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        console = Console(highlight=False, markup=False)
        console.print()
        if self._outputs.measured:
            console.print(self._table())
        if few_labels := self._few_labels():
            console.print(few_labels)
        for folder in _figure_folders(pipeline, catalog):
            console.print(f"Figures  {folder}", soft_wrap=True)
        for report in self._outputs.pages:
            console.print(f"Report   {report}", soft_wrap=True)
        for variant, run_id in self._runs.by_variant.items():
            console.print(f"Run      {run_id}  {variant}", soft_wrap=True)
        if self._champions.outcome:
            console.print(f"Champion {self._champions.outcome}", soft_wrap=True)
        console.print(f"Compare  {self._address()}", soft_wrap=True)

    def _table(self) -> Table:
        table = Table(title="Test images")
        table.add_column("variant", overflow="fold")
        measured = {
            variant: self._outputs.measured.get(run_id, {})
            for variant, run_id in self._runs.by_variant.items()
        }
        shown = [key for key in COLUMNS if any(key in values for values in measured.values())]
        for metric in map(contract.find, shown):
            heading = [*metric.name.split(), metric.unit_and_better]
            table.add_column("\n".join(heading), justify="right")
        for variant, values in measured.items():
            cells = [COLUMNS[key].format(values[key][0]) if key in values else "" for key in shown]
            table.add_row(variant, *cells)
        return table

    def _few_labels(self) -> Table | None:
        """Return what few labels are worth on each variant; nothing where none was measured."""
        of_variants = {
            variant: measured
            for variant, run_id in self._runs.by_variant.items()
            if GAIN in (measured := self._outputs.measured.get(run_id, {}))
        }
        if not of_variants:
            return None
        budgets = sorted(next(iter(of_variants.values()))[GAIN])  # all variants have the same
        table = Table(title="Few labels", caption=FEW_LABELS)
        table.add_column("variant", overflow="fold")
        for budget in budgets:
            table.add_column(f"{budget:,} labels", justify="right")
        for variant, values in of_variants.items():
            cells = [
                f"{100 * values[GAIN][budget]:+.1f} ± {100 * values[INTERVAL][budget]:.1f}\n"
                f"{values[SPREAD][budget]:.1%}"
                for budget in budgets
            ]
            table.add_row(variant, *cells)
        return table

    def _address(self) -> str:
        """Return where MLflow's pages show all runs, and what opens them."""
        config: KedroMlflowConfig = self._context.mlflow  # type: ignore[attr-defined]
        runs = page(self._runs.experiment_id)
        if embedded_store(config) is None:
            return f"{str(config.server.mlflow_tracking_uri).rstrip('/')}/{runs}"
        opens = "make ui"
        if not (self._context.project_path / "Makefile").exists():  # an installed package
            store = str(config.server.mlflow_tracking_uri)
            opens = shlex.join(["mlflow", "ui", "--backend-store-uri", store])
        return f"{opens}, then http://{config.ui.host}:{config.ui.port}/{runs}"


def _figure_folders(pipeline: Pipeline, catalog: DataCatalog) -> list[str]:
    figures = [
        stored_file(dataset)
        for dataset in map(catalog.get, pipeline.all_outputs())
        if log_instructions(dataset).get("log") == "figure"
    ]
    return sorted({figure.address.rpartition("/")[0] for figure in figures if figure})
