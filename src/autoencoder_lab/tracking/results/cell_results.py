"""The results of cells, as a Kedro dataset that reads the runs."""

import io
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import mlflow
import pandas as pd
from kedro.io import AbstractDataset, DatasetError
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_USER

from autoencoder_lab.comparison.results import FINISHED, CellResult, Values, made_with
from autoencoder_lab.images.arrays import Autoencoder
from autoencoder_lab.metrics import contract
from autoencoder_lab.tracking.runs.search import NEWEST_FIRST, ended_as, find_runs, having

from .recent import find_recent, made_like, why_foreign

MODEL = "artifacts/model.keras"
MAP = "figures/map.html"
FEW_LABELS = {
    "pretraining/": "tables/pretraining_scores.csv",
    "few_labels/": "tables/few_labels_scores.csv",
}
"""The tables by the number of labels, and how the keys of their metrics begin."""

MOST_EARLIER = 20
"""Among so many runs of a cell with the same data and code, one of the same parameters is found."""

NO_SEED = -1
"""Of a run that somebody made by hand."""


class CellResultsDataset(AbstractDataset[NoReturn, list[CellResult]]):
    """The runs of a data set's cells in the experiment in use: all of a run key, or the recent."""

    def __init__(
        self, *, dataset: str, run_key: str | None, metadata: dict[str, Any] | None = None
    ) -> None:
        self._dataset = dataset
        self._run_key = run_key
        self.metadata = metadata

    def load(self) -> list[CellResult]:
        return [read_result(run) for run in find_recent(self._dataset, self._run_key)]

    def save(self, data: NoReturn) -> None:
        """Refuse: runs are written by what is logged."""
        raise DatasetError("Results of cells are read only")

    def _exists(self) -> bool:
        return True  # which runs there will be is known once the variants are done

    def _describe(self) -> dict[str, Any]:
        return {"dataset": self._dataset, "run_key": self._run_key}


def read_result(run: Run) -> CellResult:
    """Return what a run holds of its cell."""
    tags = run.data.tags
    seed = tags.get("seed", "")
    return CellResult(
        dataset=tags["dataset"],
        variant=tags["variant"],
        seed=int(seed) if seed.isdecimal() else NO_SEED,
        run_key=tags.get("run_key", ""),
        run_id=run.info.run_id,
        user=tags.get(MLFLOW_USER, ""),
        status=run.info.status,
        ended=run.info.end_time or run.info.start_time,
        made_with=made_with(tags),
        parameters=run.data.params,
        metrics=_with_one_value(run.data.metrics),
        load_few_labels=partial(_load_few_labels, run),
        load_map=partial(_load_map, run),
        load_model=partial(load_model, run.info.run_id),
        load_values=partial(_load_values, run.info.run_id),
        load_earlier=partial(_load_earlier, run),
        foreign=why_foreign(run),
    )


def _with_one_value(metrics: Mapping[str, float]) -> dict[str, float]:
    return {
        key: value
        for key, value in metrics.items()
        if (metric := contract.get(key)) and not metric.step
    }


def _load_few_labels(run: Run) -> pd.DataFrame:
    texts = [
        mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/{file}")
        for prefix, file in FEW_LABELS.items()
        if any(key.startswith(prefix) for key in run.data.metrics)
    ]
    if not texts:
        return pd.DataFrame()  # there are no labels, or no encoder
    first, *others = (pd.read_csv(io.StringIO(text)) for text in texts)
    for table in others:
        first = first.merge(table, on="labels", how="left")
    return first


def _load_map(run: Run) -> str:
    try:
        return str(mlflow.artifacts.load_text(f"{run.info.artifact_uri}/{MAP}"))
    except (MlflowException, OSError):  # it has no codings, or is of before there was one
        return ""


def _load_values(run_id: str) -> Values:
    client = MlflowClient()
    return read_values(client, client.get_run(run_id))


def read_values(client: MlflowClient, run: Run) -> dict[tuple[str, int], float]:
    """Return the contract's metrics that repeat, by key and step."""
    values = {}
    for key, value in run.data.metrics.items():
        metric = contract.get(key)
        if metric is None or not metric.repeats:
            continue
        if not metric.step:
            values[key, 0] = value
            continue
        for point in client.get_metric_history(run.info.run_id, key):
            values[key, point.step] = point.value
    return values


def _load_earlier(run: Run) -> Iterator[CellResult]:
    """Yield the latest earlier result; then those of the same data and code, if they are needed."""
    cell = {key: run.data.tags[key] for key in ("dataset", "variant", "seed")}
    earlier = (
        f"{having(cell)} and {ended_as(FINISHED)} and attributes.start_time < {run.info.start_time}"
    )
    experiment_id, client = run.info.experiment_id, MlflowClient()
    for condition, most in ((earlier, 1), (f"{earlier} and {made_like(run)}", MOST_EARLIER)):
        runs = find_runs(client, experiment_id, condition, order_by=NEWEST_FIRST, page=most)
        yield from map(read_result, islice(runs, most))


def load_model(run_id: str) -> Autoencoder:
    """Return the autoencoder that a run has fitted."""
    # By `runs:/`, MLflow would go through the models of all runs.
    outputs = mlflow.get_run(run_id).outputs
    if not (outputs and outputs.model_outputs):
        raise ValueError(f"run {run_id} holds no model")
    return read_model(f"models:/{outputs.model_outputs[-1].model_id}", of=f"run {run_id}")


def read_model(address: str, *, of: str) -> Autoencoder:
    """Return the autoencoder of a logged or registered model, `models:/...`.

    Args:
        of: Whose model it is, in words.

    Raises:
        ValueError: Its file is gone, damaged, or would run code.
    """
    import keras  # takes seconds

    with tempfile.TemporaryDirectory() as folder:
        try:
            downloaded = Path(mlflow.artifacts.download_artifacts(address, dst_path=folder))
            file = (downloaded / MODEL).resolve(strict=True)
        except (MlflowException, OSError) as error:
            raise ValueError(
                f"the model of {of} cannot be loaded: {error}. Restore its files in the "
                "store's artifacts or delete the run, as 'mlflow runs delete' does, and train again"
            ) from error
        try:
            model: Autoencoder = keras.saving.load_model(file, safe_mode=True)
        except Exception as error:  # whatever another's file has Keras raise
            raise ValueError(
                f"the model of {of} is not loaded: its file is damaged, or would run code "
                f"({_first_sentence(error)}). Delete the run, as 'mlflow runs delete' does"
            ) from error
    return model


def _first_sentence(error: Exception) -> str:
    """Return what Keras says first: next would come the model's whole configuration, or a hint."""
    said = str(error).rpartition("Exception encountered: ")[2].partition("\n")[0].partition(". ")[0]
    return said or type(error).__name__
