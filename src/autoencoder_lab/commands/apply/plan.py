"""What a model is applied to, and what is asked for: checked before anything is computed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro.framework.session import KedroSession
from mlflow import MlflowClient
from mlflow.entities import Experiment

from autoencoder_lab.datasets.new_images import NewImages, find_new_images
from autoencoder_lab.failures import BadInput, listing
from autoencoder_lab.parameters import ReadingParams
from autoencoder_lab.parameters.problems import WrongParameters, validate
from autoencoder_lab.session.tensorflow_setup import import_tensorflow
from autoencoder_lab.session.typed_params import read_typed
from autoencoder_lab.tracking.store.config import without_password
from autoencoder_lab.tracking.store.opening import open_experiment

from .files import ImageForm
from .predictions import Neighbours
from .trained import TrainedModel, find_trained_model
from .training_data import load_training_data

BROUGHT_TO_SHAPE_BY = ("pattern", "fit", "background", "brightest")
"""The `ingest` parameters of new images that may be others than those of training images."""


@dataclass(frozen=True)
class Apply:
    """A model and images.

    Attributes:
        place: Of the images, in words.
        known: Columns of what is known of each image: split and class of training data.
        folder: For what is made of them.
        form: Of the reconstructions; None for none.
    """

    client: MlflowClient
    experiment: Experiment
    model: TrainedModel
    place: str
    images: NewImages
    known: dict[str, list[str | None]]
    neighbours: Neighbours | None
    folder: Path
    form: ImageForm | None


def plan_apply(
    project: Path,
    env: str | None,
    address: str,
    place: str | None,
    folder: Path,
    *,
    form: ImageForm | None,
    n_nearest: int | None,
    params: str | None,
) -> Apply:
    """Return what is to be done.

    Args:
        address: Of the model.
        place: Of the images; None for those that the model was trained and tested on.
        folder: For results: a new one.
        n_nearest: How many training images are looked for beside each image.
        params: `ingest` parameters of the new images, as typed.

    Raises:
        BadInput: The folder holds something, the model or the images are not there or not as they
            may be, or the model lacks a part for what is asked.
    """
    if place is not None and not place.strip():
        raise BadInput("IMAGES is empty; allowed: a path or an address, or nothing at all")
    if place is None and params:
        raise BadInput("--params is of new images; allowed: with IMAGES")
    _require_new(folder)
    given = _read_params(params)
    context: Any = KedroSession.create(project_path=project, env=env).load_context()
    client, experiment = open_experiment(context.mlflow, context)
    import_tensorflow()
    model = find_trained_model(client, address)
    _require_parts(model, form)
    data = None
    if place is None or n_nearest:
        data = load_training_data(project, env, model)
    if place is None:
        assert data is not None
        images, known = data.all_images(), data.known_of_all()
    else:
        images, known = _find_images(place, model, given), {}
    neighbours = None
    if n_nearest:
        assert data is not None
        neighbours = Neighbours.of(model.autoencoder.get_layer("encoder"), data, n_nearest)
    return Apply(
        client=client,
        experiment=experiment,
        model=model,
        place=(
            f"{model.dataset}, on which it was trained and tested"
            if place is None
            else without_password(place)
        ),
        images=images,
        known=known,
        neighbours=neighbours,
        folder=folder,
        form=form,
    )


def _require_parts(model: TrainedModel, form: ImageForm | None) -> None:
    if "encoder" not in model.parts:
        raise BadInput(
            f"{model.name} has no encoder, only {', '.join(sorted(model.parts))}: it makes images, "
            "and takes none"
        )
    if form and "decoder" not in model.parts:
        raise BadInput(
            f"--reconstructions is {form}, and {model.name} has no decoder; allowed: leave it out"
        )


def _require_new(folder: Path) -> None:
    try:
        is_taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise BadInput(f"results cannot be written to {folder}: {error.strerror}") from error
    if is_taken:
        raise BadInput(f"{folder} is there already; allowed: a new or an empty folder")


def _read_params(params: str | None) -> dict[str, Any]:
    """Return the `ingest` parameters that are given."""
    given = read_typed(params) if params else {}
    ingest = given.pop("ingest", {})
    allowed = ", ".join(f"ingest.{name}" for name in BROUGHT_TO_SHAPE_BY)
    if not isinstance(ingest, dict):
        raise BadInput(f"--params has ingest={ingest}; allowed: {allowed}")
    others = [*given, *(f"ingest.{name}" for name in ingest if name not in BROUGHT_TO_SHAPE_BY)]
    if others:
        raise BadInput(f"--params has {', '.join(others)}; allowed: {allowed}")
    return dict(ingest)


def _find_images(place: str, model: TrainedModel, given: dict[str, Any]) -> NewImages:
    own = {name: model.parameters["ingest"].get(name) for name in ReadingParams.model_fields}
    try:
        # Which of the training images' files are read says nothing of others.
        params = validate(own | {"pattern": None} | given, ReadingParams)
        return find_new_images(place, model.image_shape, params)
    except WrongParameters as error:
        problems = (f"ingest.{problem}" for problem in error.problems)
        raise BadInput(listing("--params cannot be used", problems)) from error
    except (ValueError, OSError) as error:
        raise BadInput(str(error).replace(place, without_password(place))) from error
