"""Rejecting bad input before TensorFlow is imported and a run is started."""

from collections.abc import Collection, Generator, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

from autoencoder_lab.cells.graph import variant_of
from autoencoder_lab.cells.stored_files import is_shared
from autoencoder_lab.failures import BadInput, listing
from autoencoder_lab.images.arrays import SMALLEST_SPLIT, RawImages, fewest_training_images
from autoencoder_lab.metrics import contract
from autoencoder_lab.parameters import (
    EvaluationParams,
    SharedParams,
    capabilities,
    experiment_model,
    find_infeasible,
    find_infeasible_budgets,
    find_infeasible_few_labels,
    find_infeasible_labels,
    find_infeasible_normal_class,
    find_infeasible_promotion,
    find_too_few_normal_images,
)
from autoencoder_lab.parameters.problems import WrongParameters, suggest, validate

from .raw_images import load_raw_images
from .variants import use_configuration

RAW_DATA = "raw_images"

CHOOSE_NODES = {
    "node_names": "--nodes",
    "from_nodes": "--from-nodes",
    "to_nodes": "--to-nodes",
    "from_inputs": "--from-inputs",
    "to_outputs": "--to-outputs",
    "tags": "--tags",
    "namespaces": "--namespaces",
}
"""Options of `kedro run`, by their names in its code."""

CHOOSES = {"namespaces": "node_namespaces"}
"""What `Pipeline.filter` calls them, where it does otherwise."""


class CheckInput:
    """Checks the names on the command line, the parameters, and the data, in this order."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        conf = Path(context.config_loader.conf_source)
        if context.env and conf.is_dir():  # in an archive, Kedro looks
            environments = {path.name for path in conf.iterdir() if path.is_dir()}
            _require_known("environment", [context.env], environments - {"base"})
        use_configuration(context.config_loader)
        try:
            parameters = context.config_loader["parameters"]
            in_paths = context.config_loader["globals"]
            known_pipelines = pipelines.keys()
        except BadInput:
            raise
        except Exception as error:  # of Kedro, of the pipelines
            raise BadInput(f"the configuration cannot be read: {error}") from error
        requested = _requested_pipelines()
        _require_known("pipeline", requested, known_pipelines)
        _refuse_unknown_nodes(requested)
        in_paths = in_paths | (context.config_loader.runtime_params or {})
        problems = [*_wrong_root(in_paths["data_root"]), *_misplaced(parameters, in_paths)]
        try:
            self._experiment = validate(parameters, experiment_model(parameters))
        except WrongParameters as wrong:
            problems[:0] = wrong.problems
        if problems:
            raise BadInput(listing("wrong parameters", problems))

    @hook_impl(wrapper=True)  # so that it comes before those of cells and runs
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> Generator[None, Any, Any]:
        _check_runner(run_params["runner"], pipeline)
        inputs = pipeline.inputs()
        # Whether what is shared may be taken is found out by the nodes that make it.
        missing = sorted(
            name
            for name in inputs - {RAW_DATA}
            if not catalog.exists(name) or is_shared(catalog.get(name))
        )
        if missing:
            raise BadInput(
                f"the chosen nodes need {', '.join(missing)}, which no run has left on disk for "
                "them; choose the nodes that make them, too"
            )
        if RAW_DATA in inputs:
            self._refuse_infeasible(pipeline, load_raw_images(catalog))
        return (yield)

    def _refuse_infeasible(self, pipeline: Pipeline, raw_images: RawImages) -> None:
        variants = {variant_of(node) for node in pipeline.nodes}
        height, width, channels = raw_images.train_images.shape[1:]
        experiment = self._experiment
        problems = normal_class_problems(experiment.evaluation, raw_images)
        has_classes = not problems and raw_images.has_classes(experiment.evaluation.normal_class)
        n_classes = len(set(raw_images.train_labels.tolist())) if has_classes else 0
        if has_classes and any(variants):
            problems += find_infeasible_budgets(experiment.pretraining, n_classes)
            problems += find_infeasible_few_labels(
                experiment.few_labels, (height, width, channels), n_classes
            )
        if "params:promotion" in pipeline.inputs():
            problems += find_infeasible_promotion(experiment.promotion, has_classes=has_classes)
            problems += _unmeasured_promotion(experiment, variants)
        problems += [
            f"{name}.{problem}"
            for name, variant in experiment.variants().items()
            if name in variants
            for problem in (
                *find_infeasible(variant, (height, width, channels)),
                *find_infeasible_labels(variant, experiment.pretraining, n_classes),
            )
        ]
        if problems:
            raise BadInput(listing("parameters that do not go with the data", problems))


def _unmeasured_promotion(experiment: SharedParams, chosen: Collection[str]) -> Iterator[str]:
    """Yield a sentence where no variant that is run has what champions are chosen by."""
    variants = {
        name: capabilities(variant.model.family, variant.training.strategy.kind)
        for name, variant in experiment.variants().items()
        if name in chosen
    }
    metric = contract.find(experiment.promotion.metric)
    parts = metric.needs_of_model
    if variants and not any(parts <= capable_of for capable_of in variants.values()):
        yield (
            f"promotion.metric is {metric.key!r}, which takes {' and '.join(sorted(parts))}; of "
            f"the chosen variants, {', '.join(variants)}, none has that"
        )


def normal_class_problems(evaluation: EvaluationParams, raw_images: RawImages) -> list[str]:
    """Return why images of the normal class, where there is one, are missing, or too few."""
    if problems := list(find_infeasible_normal_class(evaluation, raw_images.names.values())):
        return problems
    normal = raw_images.normal_images(evaluation.normal_class)
    n_least = {
        "train": fewest_training_images(len(raw_images.splits)),
        "validation": SMALLEST_SPLIT,
    }
    n_images = {split: int(is_normal.sum()) for split, is_normal in normal.items()}
    return list(find_too_few_normal_images(evaluation, n_images, n_least))


def _typed() -> Mapping[str, Any]:
    """Return the options of `kedro run`: Kedro tells hooks of them only once it knows them."""
    command = click.get_current_context(silent=True)
    return command.params if command is not None and command.command.name == "run" else {}


def _requested_pipelines() -> list[str]:
    """Return the pipelines named on the command line."""
    pipeline = _typed().get("pipeline")
    return [pipeline] if pipeline else list(_typed().get("pipelines") or [])


def _refuse_unknown_nodes(requested: Collection[str]) -> None:
    """Raise where the options choose nodes or data that the pipelines do not have, or none."""
    chosen = {option: _typed().get(option) or [] for option in CHOOSE_NODES}
    if not any(chosen.values()):
        return
    pipeline = sum((pipelines[name] for name in requested or ["__default__"]), Pipeline([]))
    known = {
        *(node.name for node in pipeline.nodes),
        *(tag for node in pipeline.nodes for tag in node.tags),
        *(variant_of(node) for node in pipeline.nodes),
        *pipeline.datasets(),
    }
    names = {name: option for option, of_option in chosen.items() for name in of_option}
    guesses = [
        f"{CHOOSE_NODES[option]} {name}: did you mean {close[0]}?"
        for name, option in names.items()
        if name not in known and (close := get_close_matches(name, known, n=1))
    ]
    try:
        pipeline.filter(**{CHOOSES.get(option, option): names for option, names in chosen.items()})
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise BadInput("\n".join([reason, *guesses])) from error


def _require_known(kind: str, names: Collection[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise BadInput(f"{kind} is {name!r}{suggest(name, sorted(known))}")


def _check_runner(runner: str, pipeline: Pipeline) -> None:
    """Refuse what tells hooks nothing of variants, or has hooks in processes of their own."""
    has_variants = any(variant_of(node) for node in pipeline.nodes)
    if "ParallelRunner" in runner or (has_variants and "VariantRunner" not in runner):
        name = runner.partition(" object")[0].rpartition(".")[2]
        raise BadInput(
            f"runner is {name}; allowed: SequentialRunner, ThreadRunner, in a session of "
            "kedro.framework.project.settings.SESSION_CLASS"
        )


def _wrong_root(root: object) -> Iterator[str]:
    is_place = isinstance(root, str) and root and not root.startswith("~")
    if not is_place or (":/" in str(root) and "://" not in str(root)):
        yield (
            f"data_root is {root!r} in globals.yml; allowed: a folder, of the project or with its "
            "whole path, or an address as s3://bucket/lab"
        )


def _misplaced(parameters: Mapping[str, object], in_paths: Mapping[str, object]) -> list[str]:
    """Return the parameters that name other folders than the catalog's paths do."""
    return [
        f"{key} is {parameters[key]!r} in parameters.yml, but {in_paths[key]!r} in the catalog's "
        "paths; allowed: to set it in globals.yml, or by --params"
        for key in ("dataset", "seed", "run_key")
        if parameters.get(key, in_paths[key]) != in_paths[key]
    ]
