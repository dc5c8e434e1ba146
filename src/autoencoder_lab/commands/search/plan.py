"""What a search tries, checked before anything is trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro.framework.session import KedroSession
from mlflow import MlflowClient
from mlflow.entities import Experiment

from autoencoder_lab.cells.stored_files import data_folder
from autoencoder_lab.failures import BadInput, listing
from autoencoder_lab.images.arrays import RawImages
from autoencoder_lab.parameters import (
    EvaluationParams,
    IngestParams,
    PromotionParams,
    SearchParams,
    find_infeasible,
    find_infeasible_promotion,
    variant_names,
)
from autoencoder_lab.parameters.problems import WrongParameters, suggest, validate
from autoencoder_lab.pipelines.ingest.nodes import Splits, split_images
from autoencoder_lab.session.input_check import normal_class_problems
from autoencoder_lab.session.raw_images import load_raw_images
from autoencoder_lab.session.tensorflow_setup import import_tensorflow
from autoencoder_lab.session.typed_params import read_typed
from autoencoder_lab.tracking.store.opening import open_experiment

from .space import Space, as_variant, edges, read_space

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
    space: Space
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
    block = parameters[variant]
    space = _read_space(search.spaces[variant], block)
    client, experiment = open_experiment(context.mlflow, context)
    raw_images = load_raw_images(context.catalog)
    evaluation = EvaluationParams.model_validate(parameters["evaluation"])
    promotion = PromotionParams.model_validate(parameters["promotion"])
    _require_allowed(block, space, raw_images, evaluation, promotion)
    import_tensorflow()
    ingest = IngestParams.model_validate(parameters["ingest"])
    dataset, seed = parameters["dataset"], parameters["seed"]
    root = data_folder(context.config_loader["globals"]["data_root"], project=project)
    local = root if isinstance(root, Path) else project / "data"
    return Search(
        client=client,
        experiment=experiment,
        journal=local / "07_model_output" / dataset / "search" / f"{name}.journal",
        name=name,
        dataset=dataset,
        variant=variant,
        block=block,
        space=space,
        n_trials=search.trials,
        splits=split_images(raw_images, ingest, evaluation.normal_class),
        seed=seed,
        metric=promotion.metric,
        facts={
            "data": raw_images.sha256,
            "normal class": evaluation.normal_class,
            "variant": variant,
            "seed": seed,
            "metric": promotion.metric,
            "ingest": parameters["ingest"],
            "parameters": block,
            "space": search.spaces[variant],
            "store": experiment.artifact_location,
        },
    )


def _read_space(written: Mapping[str, Any], block: Mapping[str, Any]) -> Space:
    try:
        return read_space(written, block)
    except WrongParameters as wrong:
        raise BadInput(listing("wrong space in search.yml", wrong.problems)) from wrong


def _read(written: Mapping[str, Any]) -> SearchParams:
    try:
        return validate(written, SearchParams)
    except WrongParameters as wrong:
        raise BadInput(listing("wrong search.yml", wrong.problems)) from wrong


def _require_allowed(
    block: Mapping[str, Any],
    space: Space,
    raw_images: RawImages,
    evaluation: EvaluationParams,
    promotion: PromotionParams,
) -> None:
    """Raise unless the data have what is sought, and each value of the space goes with them."""
    strategy = as_variant(block).training.strategy.kind
    if strategy in NOT_SEARCHED:
        raise BadInput(
            f"the strategy is {strategy}, whose fits the error of reconstructions does not judge; "
            "allowed: variants of the others"
        )
    problems = normal_class_problems(evaluation, raw_images)
    if not problems:
        has_classes = raw_images.has_classes(evaluation.normal_class)
        problems += find_infeasible_promotion(promotion, has_classes=has_classes)
    height, width, channels = raw_images.train_images.shape[1:]
    for changed in edges(block, space):
        try:
            problems += find_infeasible(as_variant(changed), (height, width, channels))
        except WrongParameters as wrong:
            problems += wrong.problems
    if problems:
        raise BadInput(listing("what is searched is not allowed, or not of this data", problems))
