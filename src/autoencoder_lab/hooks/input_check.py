"""Rejecting bad input before TensorFlow is imported and a run is started."""

from collections.abc import Collection
from pathlib import Path

import click
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.io import DataCatalog, DatasetError
from kedro.pipeline import Pipeline

from autoencoder_lab.parameters import find_problems, suggest

RAW_DATA = "raw_images"


class BadInput(click.ClickException):
    """What a user can put right: the command line shows its message alone, and exits with 1."""


class CheckInput:
    """Checks the names on the command line, the parameters, and the raw data, in this order."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        conf = Path(context.config_loader.conf_source)
        environments = {path.name for path in conf.iterdir() if path.is_dir()}
        if context.env:
            _require_known("environment", [context.env], environments - {"base"})
        _require_known("pipeline", _requested_pipelines(), pipelines.keys())
        problems = find_problems(context.config_loader["parameters"]) + _misplaced(context)
        if problems:
            raise BadInput("wrong parameters:\n" + "\n".join(f"  {line}" for line in problems))

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        if RAW_DATA not in pipeline.inputs():
            return
        try:
            catalog.load(RAW_DATA)
        except DatasetError as error:
            raise BadInput(str(_root_cause(error))) from error


def _root_cause(error: BaseException) -> BaseException:
    """Return the error of the dataset itself: Kedro wraps it once for each dataset around it."""
    while isinstance(error, DatasetError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def _requested_pipelines() -> list[str]:
    """Return the pipelines named on the command line: Kedro tells hooks only once it knows them."""
    command = click.get_current_context(silent=True)
    if command is None or command.info_name != "run":
        return []
    pipeline = command.params.get("pipeline")
    return [pipeline] if pipeline else list(command.params.get("pipelines") or [])


def _require_known(kind: str, names: Collection[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise BadInput(f"{kind} is {name!r}{suggest(name, sorted(known))}")


def _misplaced(context: KedroContext) -> list[str]:
    """Return the parameters that name other folders than the catalog's paths do."""
    loader = context.config_loader
    in_paths = {**loader["globals"], **(loader.runtime_params or {})}
    return [
        f"{key} is {loader['parameters'][key]!r} in parameters.yml, but {in_paths[key]!r} in the "
        "catalog's paths; allowed: to set it in globals.yml, or by --params"
        for key in ("dataset", "seed")
        if loader["parameters"].get(key, in_paths[key]) != in_paths[key]
    ]
