"""The description on a run's page in MLflow."""

import shlex
import sys
from collections.abc import Mapping
from typing import Any

import click
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

from autoencoder_lab.cells import Cells
from autoencoder_lab.cells.code_state import CodeState
from autoencoder_lab.metrics import contract
from autoencoder_lab.tracking.runs.artifacts import PATCH
from autoencoder_lab.tracking.runs.outage import unless_lost
from autoencoder_lab.tracking.runs.run_tree import RunTree
from autoencoder_lab.tracking.store.config import without_password

from .outputs import LogOutputs
from .summary import COLUMNS

REPETITION = "repetition"


class DescribeRuns:
    """Writes what was run and by which code and, once a variant is done, what came out."""

    def __init__(self, runs: RunTree, cells: Cells, outputs: LogOutputs) -> None:
        self._runs = runs
        self._cells = cells
        self._outputs = outputs

    @hook_impl
    def before_pipeline_run(self, catalog: DataCatalog) -> None:
        dataset, seed = (catalog.load(f"params:{name}") for name in ("dataset", "seed"))
        run_key = catalog.load("params:run_key")
        self._cell = f"**{dataset}**, seed {seed}" + (f", run key {run_key}" if run_key else "")
        if self._runs.top_id not in self._runs.by_variant.values():
            about = (
                f"Everything of run key **{run_key}**."
                if run_key
                else f"{', '.join(self._runs.variants) or 'What variants share'} on {self._cell}."
            )
            self._write(self._runs.top_id, about, {})

    @hook_impl
    @unless_lost
    def before_variant_run(self, variant: str) -> None:
        self._describe(variant)

    @hook_impl
    @unless_lost
    def after_variant_run(self, variant: str) -> None:
        self._describe(variant)

    @hook_impl
    @unless_lost
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        if dataset_name == REPETITION:
            run = self._runs.client.get_run(self._runs.top_id)
            note = f"{run.data.tags[MLFLOW_RUN_NOTE]}\n\n{data}"
            self._runs.client.set_tag(self._runs.top_id, MLFLOW_RUN_NOTE, note)

    def _describe(self, variant: str) -> None:
        run_id = self._runs.run_id(variant)
        measured = self._outputs.measured.get(run_id, {})
        values = {key: steps[0] for key, steps in measured.items() if 0 in steps}
        replay = f"To replay it: `kedro replay {run_id}`"
        self._write(run_id, f"**{variant}** on {self._cell}.", values, replay)

    def _write(self, run_id: str, about: str, values: Mapping[str, float], *closing: str) -> None:
        parts = [about, f"`{_command()}`", _table(values), _code(self._cells.code), *closing]
        note = "\n\n".join(part for part in parts if part)
        self._runs.client.set_tag(run_id, MLFLOW_RUN_NOTE, note)


def _command() -> str:
    if click.get_current_context(silent=True) is None:
        return "a session in Python"
    return without_password(shlex.join(["kedro", *sys.argv[1:]]))


def _code(code: CodeState) -> str:
    if code.commit is None:
        return "Of no commit."
    changes = f", with uncommitted changes: `{PATCH}`" if code.uncommitted else ""
    return f"Commit `{code.commit[:8]}`{changes}."


def _table(values: Mapping[str, float]) -> str:
    rows = [
        f"| {contract.find(key).name} | {form.format(values[key])} "
        f"| {contract.find(key).unit_and_better} |"
        for key, form in COLUMNS.items()
        if key in values
    ]
    return "\n".join(["| test images | | |", "|---|---:|---|", *rows]) if rows else ""
