"""What a search tries, checked before anything is trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro.framework.session import KedroSession
from kedro.io import DatasetError
from mlflow import MlflowClient
from mlflow.entities import Experiment

from autoencoder_lab.failures import BadInput, listing, root_cause
from autoencoder_lab.images.arrays import RawImages
from autoencoder_lab.parameters import (
    IngestParams,
    SearchParams,
    variant_names,
)
from autoencoder_lab.parameters.problems import WrongParameters, suggest, validate
from autoencoder_lab.pipelines.ingest.nodes import Splits, split_images
from autoencoder_lab.session.tensorflow_setup import import_tensorflow
from autoencoder_lab.session.typed_params import read_typed
from autoencoder_lab.tracking.store.opening import open_experiment

NOT_SEARCHED = ("variational", "adversarial", "gan", "ladder")
"""Strategies whose fits the error of reconstructions does not judge, or which need labels."""


@dataclass(frozen=True)
class Search:
    """A variant, and what is tried of it.

    Attributes:
        journal: The file in which Optuna keeps the trials.
        block: The variant's parameters, as they are.
        seed: Of first weights and the order of batches, the same for all trials.
        metric: Of the validation images: what is sought.
        facts: What a search has to go on with: data, space and all other parameters.
    """

    client: MlflowClient
    experiment: Experiment
    journal: Path
    name: str
    dataset: str
    variant: str
    block: Mapping[str, Any]
    space: Mapping[str, Any]
    n_trials: int
    splits: Splits
    seed: int
    metric: str
    facts: Mapping[str, Any]


def plan_search(
    project: Path,
    env: str | None,
    variant: str,
    options: Mapping[str, object],
    *,
    params: str | None,
) -> Search:
    """Return what `search.yml`, and the options, which go before it, have tried of a variant.

    Args:
        params: Of the project, as typed.

    Raises:
        BadInput: There is no such variant or no space for it, a value is not allowed, or data or
            store are not there.
    """
    typed = read_typed(params) if params else {}
    session = KedroSession.create(project_path=project, env=env, runtime_params=typed)
    context: Any = session.load_context()
    search = _read({**context.config_loader["search"], **options})
    name = search.name or variant
    parameters = context.config_loader["parameters"]
    known = variant_names(parameters)
    if variant not in known:
        raise BadInput(f"variant is {variant!r}{suggest(variant, known)}")
    if variant not in search.spaces:
        raise BadInput(
            f"search.yml has no space for {variant}, only for {', '.join(search.spaces)}: add "
            f"spaces.{variant}"
        )
    block, space = parameters[variant], search.spaces[variant]
    _require_allowed(block, space)
    client, experiment = open_experiment(context.mlflow, context)
    try:
        raw_images: RawImages = context.catalog.load("raw_images")
    except DatasetError as error:
        raise BadInput(str(root_cause(error))) from error
    import_tensorflow()
    ingest = IngestParams.model_validate(parameters["ingest"])
    dataset, seed = parameters["dataset"], parameters["seed"]
    journal = project / "data/07_model_output" / dataset / "search" / f"{name}.journal"
    return Search(
        client=client,
        experiment=experiment,
        journal=journal,
        name=name,
        dataset=dataset,
        variant=variant,
        block=block,
        space=space,
        n_trials=search.trials,
        splits=split_images(raw_images, ingest, parameters["evaluation"]["normal_class"]),
        seed=seed,
        metric=parameters["promotion"]["metric"],
        facts={
            "data_digest": raw_images.sha256,
            "variant": variant,
            "seed": seed,
            "metric": parameters["promotion"]["metric"],
            "ingest": parameters["ingest"],
            "block": block,
            "space": search.model_dump(mode="json")["spaces"][variant],
        },
    )


def _read(written: Mapping[str, Any]) -> SearchParams:
    try:
        return validate(written, SearchParams)
    except WrongParameters as wrong:
        raise BadInput(listing("wrong search.yml", wrong.problems)) from wrong


def _require_allowed(block: Mapping[str, Any], space: Mapping[str, Any]) -> None:
    """Raise unless each value of the space is allowed by itself."""
    from .space import as_variant, edges

    strategy = as_variant(block).training.strategy.kind
    if strategy in NOT_SEARCHED:
        raise BadInput(
            f"the strategy is {strategy}, whose fits the error of reconstructions does not judge; "
            "allowed: variants of the others"
        )
    problems: list[str] = []
    for changed in edges(block, space):
        try:
            as_variant(changed)
        except WrongParameters as wrong:
            problems += wrong.problems
    if problems:
        raise BadInput(listing("search.yml has values that are not allowed", problems))
