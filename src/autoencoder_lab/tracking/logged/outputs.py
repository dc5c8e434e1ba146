"""Logging the outputs of nodes, as `metadata.mlflow` in the catalog says."""

import io
import logging
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from kedro.framework.hooks import hook_impl
from kedro.io import AbstractDataset, DataCatalog
from kedro.pipeline.node import Node
from mlflow.entities import LoggedModelOutput, Metric
from mlflow.models import Model, infer_signature
from PIL import Image

from autoencoder_lab.cells import Cells
from autoencoder_lab.cells.graph import of_variant
from autoencoder_lab.cells.stored_files import StoredFile, metadata_of, stored_file
from autoencoder_lab.images.arrays import (
    Autoencoder,
    Codings,
    Figure,
    Images,
    RawImages,
    as_images,
)
from autoencoder_lab.metrics import contract
from autoencoder_lab.parameters import VariantParams, capabilities
from autoencoder_lab.tracking.runs.outage import unless_lost
from autoencoder_lab.tracking.runs.run_tree import RunTree
from autoencoder_lab.tracking.store.shared_view import IMAGES
from autoencoder_lab.training.divergence import Diverged
from autoencoder_lab.training.progress import Milestone, listen

logger = logging.getLogger(__name__)

SERVED_MODEL = Path(__file__).with_name("served_model.py")
MODEL_PACKAGES = ("keras", "tensorflow", "mlflow", "numpy")

ByStep = Mapping[int, Mapping[str, float]]
"""Metrics by their keys, for each step."""

PRIOR = "prior.txt"
"""Beside a served model, of one that can be sampled from."""


class LogOutputs:
    """Logs what is in hand once it is saved, or what of it is reused, in its variant's run."""

    def __init__(self, runs: RunTree, cells: Cells) -> None:
        self._runs = runs
        self._cells = cells
        self.measured: dict[str, dict[str, dict[int, float]]] = {}
        """What was logged: by the run, the key and the step."""
        self.pages: list[str] = []
        """Where the pages are that were logged, but for those among a variant's figures."""
        self._logged: set[tuple[str, str, int]] = set()
        """Run, key and step of all that this session has logged."""
        self._earlier: dict[tuple[str, str], set[tuple[int, str]]] = {}
        """Steps and values that earlier sessions have logged: by the run and the key."""

    @hook_impl
    def before_pipeline_run(self, catalog: DataCatalog) -> None:
        self._catalog = catalog
        self.measured, self.pages, self._logged, self._earlier = {}, [], set(), {}

    @hook_impl
    @unless_lost
    def before_variant_run(self, variant: str) -> None:
        plan, run_id = self._cells.plan, self._runs.run_id(variant)
        reused = of_variant(plan.reused, variant)
        for name in reused:
            self._log_reused(run_id, name, plan.files[name])
        if reused:
            files = ", ".join(sorted(plan.files[name].name for name in reused))
            self._runs.client.set_tag(run_id, "reused", files)
        if other_code := {plan.other_code[name] for name in reused if name in plan.other_code}:
            self._runs.client.set_tag(run_id, "reused_from", "; ".join(sorted(other_code)))

    @hook_impl
    @unless_lost
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        run_id = self._runs.run_id(dataset_name)
        match log_instructions(self._catalog.get(dataset_name)):
            case {"log": "metrics"}:
                self._log_metrics(run_id, {0: data})
                self._tag_collapse(run_id)
            case {"log": "step_metrics", "file": file}:
                self._log_metrics(run_id, _by_step(data))
                self._runs.client.log_text(run_id, data.to_csv(index=False), file)
            case {"log": "table", "file": file}:
                place = self._runs.place(dataset_name, file)
                self._runs.client.log_text(run_id, data.to_csv(index=False), place)
            case {"log": "page", "file": file}:
                self._runs.client.log_text(run_id, data, self._runs.place(dataset_name, file))
                page = stored_file(self._catalog.get(dataset_name))
                if page and "." not in dataset_name:
                    self.pages.append(page.address)
            case {"log": "figure", "file": file}:
                self._log_image(run_id, _as_png(data), self._runs.place(dataset_name, file))
            case {"log": "summary", "file": file}:
                self._runs.client.log_dict(run_id, data, self._runs.place(dataset_name, file))
            case {"log": "model"}:
                self._log_model(run_id, data, has_prior=self._has_prior(dataset_name))
            case instructions if instructions:
                raise ValueError(f"metadata.mlflow of {dataset_name} is {instructions}")

    @hook_impl
    @unless_lost
    def before_node_run(self, node: Node) -> None:
        listen("track", partial(self._log_losses, self._runs.run_id(node.name)))

    @hook_impl
    @unless_lost
    def on_node_error(self, error: Exception, node: Node) -> None:
        if isinstance(error, Diverged):
            self._log_metrics(self._runs.run_id(node.name), _by_step(error.history))

    def _log_losses(self, run_id: str, milestone: Milestone) -> None:
        try:
            self._log_metrics(run_id, {milestone.number: milestone.losses})
        except Exception as error:  # whatever a server makes of it, the fit is to go on
            logger.warning("Losses could not be logged yet: %s", error)

    def _log_reused(self, run_id: str, name: str, file: StoredFile) -> None:
        match log_instructions(self._catalog.get(name)):
            case {"log": "figure", "file": artifact}:  # it cannot be loaded as a figure
                self._log_image(run_id, file.read(), artifact)
            case {"log": "model"} if self._has_model(run_id):
                pass
            case instructions if instructions:
                self.after_dataset_saved(name, self._catalog.load(name))

    def _log_image(self, run_id: str, png: bytes, place: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / Path(place).name
            file.write_bytes(png)  # `log_image` would encode it again
            self._runs.client.log_artifact(run_id, str(file), str(Path(place).parent))
        if Path(place).stem in IMAGES and run_id in self._runs.by_variant.values():
            image = Image.open(io.BytesIO(png))
            self._runs.client.log_image(run_id, image, key=Path(place).stem, step=0)

    def _log_metrics(self, run_id: str, by_step: ByStep) -> None:
        now = time.time_ns() // 1_000_000
        metrics = [
            Metric(key, float(value), now, step)
            for step, values in by_step.items()
            for key, value in values.items()
        ]
        for key in {metric.key for metric in metrics}:
            contract.find(key)
        metrics = [m for m in metrics if (run_id, m.key, m.step) not in self._logged]
        if self._runs.is_continued(run_id):
            metrics = self._not_yet_logged(run_id, metrics)
        self._logged |= {(run_id, metric.key, metric.step) for metric in metrics}
        measured = self.measured.setdefault(run_id, {})
        for step, values in by_step.items():
            for key, value in values.items():
                measured.setdefault(key, {})[step] = value
        self._runs.client.log_batch(run_id, metrics)  # last: it keeps what cannot be sent yet

    def _tag_collapse(self, run_id: str) -> None:
        """Say in a tag which samples are all the same, or of one class: `metrics/contract.py`."""
        measured = self.measured[run_id]
        collapsed = [
            key.partition("/")[0]
            for key, by_step in sorted(measured.items())
            if key.endswith("/collapsed") and any(by_step.values())
        ]
        if collapsed:
            self._runs.client.set_tag(run_id, "collapsed", ", ".join(collapsed))

    def _not_yet_logged(self, run_id: str, metrics: list[Metric]) -> list[Metric]:
        """Return what an earlier attempt has not logged: MLflow would keep it twice."""
        for key in {metric.key for metric in metrics}:
            if (run_id, key) not in self._earlier:
                history = self._runs.client.get_metric_history(run_id, key)
                # As text, NaN equals itself.
                self._earlier[run_id, key] = {(past.step, str(past.value)) for past in history}
        return [m for m in metrics if (m.step, str(m.value)) not in self._earlier[run_id, m.key]]

    def _has_model(self, run_id: str) -> bool:
        outputs = self._runs.client.get_run(run_id).outputs
        return bool(outputs and outputs.model_outputs)

    def _has_prior(self, model: str) -> bool:
        variant, _, _ = model.partition(".")
        block = VariantParams.model_validate(self._catalog.load("parameters")[variant])
        return "prior" in capabilities(block.model.family, block.training.strategy.kind)

    def _log_model(self, run_id: str, model: Autoencoder, *, has_prior: bool) -> None:
        import mlflow.pyfunc  # takes its time

        client = self._runs.client
        raw_images: RawImages = self._catalog.load("raw_images")
        example, task, made = _serve(model, as_images(raw_images.train_images[:1]))
        params: dict[str, object] = {"task": task}
        if has_prior:
            params |= {"n": 1, "seed": 0}
        with tempfile.TemporaryDirectory() as folder:
            file, prior = Path(folder) / "model.keras", Path(folder) / PRIOR
            model.save(file)
            artifacts = {"autoencoder": str(file)}
            if has_prior:
                prior.write_text("of codings: a standard normal distribution\n")
                artifacts["prior"] = str(prior)
            # Not `Model.log`, which asks for the history of each metric that the run has by now.
            logged = client.create_logged_model(
                self._runs.experiment_id,
                "model",
                run_id,
                params=client.get_run(run_id).data.params,
            )
            place = Path(folder) / "logged"
            mlflow.pyfunc.save_model(
                place,
                mlflow_model=Model(
                    artifact_path=logged.artifact_location,
                    run_id=run_id,
                    model_uuid=logged.model_id,
                    model_id=logged.model_id,
                ),
                python_model=SERVED_MODEL,
                artifacts=artifacts,
                # With a signature of the images, MLflow would take float32 arrays alone, and print
                # what it refuses.
                signature=infer_signature(model_output=made, params=params),
                input_example=(example, params),
                # Or MLflow finds out, in a process that imports TensorFlow again.
                pip_requirements=[f"{name}=={version(name)}" for name in MODEL_PACKAGES],
            )
            client.log_model_artifacts(logged.model_id, str(place))
            client.finalize_logged_model(logged.model_id, "READY")
            client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])


def _serve(model: Autoencoder, images: Images) -> tuple[Images | Codings, str, Images | Codings]:
    """Return what a served model may be given, what it does by default, and what comes out."""
    parts = {layer.name for layer in model.layers}
    if "encoder" not in parts:
        codings = np.zeros([size or 1 for size in model.input_shape], np.float32)
        return codings.reshape(1, -1), "decode", model.predict_on_batch(codings)
    outputs = model.predict_on_batch(images)
    if "classifier" in parts:
        return images, "classify", outputs
    if "decoder" not in parts:
        return images, "encode", outputs.reshape(len(images), -1)
    return images, "reconstruct", outputs


def _as_png(figure: Figure) -> bytes:
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


def log_instructions(dataset: AbstractDataset[Any, Any] | None) -> dict[str, str]:
    """Return `metadata.mlflow` of a catalog entry; empty where nothing is to be logged."""
    return dict(metadata_of(dataset).get("mlflow", {}))


def _by_step(table: pd.DataFrame) -> ByStep:
    step, *columns = table.columns
    keys = [column for column in columns if "/" in column]  # the others are words about the row
    if not table[step].is_unique:
        twice = sorted({int(value) for value in table[step][table[step].duplicated()]})
        raise ValueError(f"a table of metrics by {step} has more than one row for {twice}")
    return {int(row[step]): {key: row[key] for key in keys} for _, row in table.iterrows()}
