"""Applying a model to images, part by part, with a progress bar and a run that says so."""

import heapq
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from mlflow.entities import LoggedModelInput, Param
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE
from rich.console import Console

from autoencoder_lab.failures import BadInput
from autoencoder_lab.figures.images import COLUMNS, image_rows
from autoencoder_lab.images.arrays import Images, batches
from autoencoder_lab.session.progress_bar import progress_bar
from autoencoder_lab.tracking.runs.command_run import command_run, log_values
from autoencoder_lab.tracking.runs.outage import ERRORS
from autoencoder_lab.tracking.store.config import without_password
from autoencoder_lab.tracking.store.opening import writing_to

from .files import ABOUT, FIGURE, TABLE, ResultFiles, whole_folder, write_about
from .plan import Apply
from .predictions import Made, apply_model

APPLIED_RUN = "applied_run"
"""The tag of a run that applied the model of another: of which."""


@dataclass
class Worst:
    """The images with the largest errors so far, and their reconstructions."""

    _heap: list[tuple[float, int, Images, Images]] = field(default_factory=list)

    def add(self, first: int, images: Images, made: Made) -> None:
        """Take note of images, of which the first is so many after the very first."""
        if made.reconstructions is None or made.errors is None:
            return
        for place in np.argsort(-made.errors, kind="stable")[:COLUMNS]:
            key = float(made.errors[place]), -(first + int(place))  # of equal errors, the first
            if len(self._heap) == COLUMNS and key < self._heap[0][:2]:
                break  # the others have smaller errors
            # Copies: a part of an array would keep all of it in memory.
            pair = images[place].copy(), made.reconstructions[place].copy()
            heapq.heappush(self._heap, (*key, *pair))
            if len(self._heap) > COLUMNS:
                heapq.heappop(self._heap)

    @property
    def rows(self) -> list[tuple[str, Images]]:
        """Return them for a figure, the worst first."""
        ordered = sorted(self._heap, key=lambda entry: entry[:2], reverse=True)
        if not ordered:
            return []
        images, reconstructions = (np.stack(each) for each in list(zip(*ordered, strict=True))[2:])
        return [("largest errors", images), ("reconstruction", reconstructions)]


def run_apply(apply: Apply, console: Console) -> None:
    """Write what the model makes of the images, track that, and say where it is.

    Raises:
        BadInput: An image cannot be read, or the files cannot be written: nothing is left of them.
    """
    client, experiment = apply.client, apply.experiment
    tags = {APPLIED_RUN: apply.model.run.info.run_id}
    address = without_password(client.tracking_uri)
    try:
        with (
            writing_to(experiment),
            command_run(client, experiment.experiment_id, "apply", tags) as run_id,
        ):
            _log_inputs(apply, run_id)
            started = time.monotonic()
            total_error = _make_files(apply, run_id, console)
            _log_results(apply, run_id, total_error, time.monotonic() - started)
    except ERRORS as error:
        is_whole = (apply.folder / TABLE).exists()
        state = f"{apply.folder} is whole" if is_whole else f"Nothing is written to {apply.folder}"
        raise BadInput(f"the run in {address} could not be tracked: {error}\n{state}") from error
    console.print(f"Run {run_id} in {address}")


def _make_files(apply: Apply, run_id: str, console: Console) -> float:
    """Write the folder, and return the sum of all errors."""
    try:
        with whole_folder(apply.folder) as folder:
            total_error, worst = _write(apply, folder, console)
            write_about(folder, _about(apply, run_id))
            if worst.rows:
                title = f"Of {len(apply.images.names)} images, those with the largest errors"
                with (folder / FIGURE).open("wb") as file:
                    image_rows(worst.rows, title=title).savefig(file)
    except (ValueError, OSError) as error:
        raise BadInput(f"{error}\nNothing is written to {apply.folder}") from error
    for change, n_images in sorted(apply.images.changes.items()):
        console.print(f"{n_images} images: {change}")
    console.print(f"{len(apply.images.names)} images: {apply.folder / TABLE}")
    return total_error


def _write(apply: Apply, folder: Path, console: Console) -> tuple[float, Worst]:
    """Write table and reconstructions; return the sum of all errors, and the worst images."""
    n_images, total_error, n_done, worst = len(apply.images.names), 0.0, 0, Worst()
    files = ResultFiles(folder, apply.form, n_images, apply.model.image_shape)
    bar = progress_bar(console, disable=not console.is_terminal, transient=True)
    with files, bar:
        task = bar.add_task("images", total=n_images, beside="")
        for images in _parts(apply):
            made = apply_model(apply.model, images, apply.neighbours)
            rows = slice(n_done, n_done + len(images))
            columns = {"image": pa.array(apply.images.names[rows], pa.string())}
            for name, values in apply.known.items():
                columns[name] = pa.array(values[rows], pa.string())
            files.write(columns | made.columns, made.reconstructions if apply.form else None)
            worst.add(n_done, images, made)
            total_error += float(made.errors.sum()) if made.errors is not None else 0.0
            n_done += len(images)
            bar.update(task, completed=n_done)
    return total_error, worst


def _parts(apply: Apply) -> Iterator[Images]:
    for images in apply.images.read():
        yield from batches(images)


def _about(apply: Apply, run_id: str) -> dict[str, object]:
    return {
        "model": apply.model.name,
        "model_run": apply.model.run.info.run_id,
        "model_id": apply.model.model_id,
        "run": run_id,
        "images_from": apply.place,
        "images": len(apply.images.names),
        "image_shape": apply.model.image_shape,
        "changed": dict(apply.images.changes),
        "left_out": apply.images.left_out,
    }


def _log_inputs(apply: Apply, run_id: str) -> None:
    """Log the model and the images, before anything is computed."""
    client, run = apply.client, apply.model.run
    params = {
        "apply.model": apply.model.name,
        "apply.images": apply.place,
        "apply.folder": str(apply.folder.absolute()),
    }
    client.log_batch(run_id, params=[Param(key, value[:6000]) for key, value in params.items()])
    client.log_inputs(run_id, models=[LoggedModelInput(apply.model.model_id)])
    page = f"#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    note = f"Applied [{run.info.run_name}]({page}) to images of {apply.place}."
    client.set_tag(run_id, MLFLOW_RUN_NOTE, note)


def _log_results(apply: Apply, run_id: str, total_error: float, seconds: float) -> None:
    n_images = len(apply.images.names)
    values = {"apply/images": n_images, "apply/images_per_second": n_images / seconds}
    if "decoder" in apply.model.parts:
        values["apply/squared_error"] = total_error / n_images
    log_values(apply.client, run_id, values)
    for file, place in ((ABOUT, "apply"), (FIGURE, "figures")):
        if (apply.folder / file).exists():
            apply.client.log_artifact(run_id, str(apply.folder / file), place)
