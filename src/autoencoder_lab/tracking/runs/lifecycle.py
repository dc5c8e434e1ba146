"""Starting and ending the MLflow runs of a session, with a status that is true."""

import logging
import os
from collections.abc import Generator, Mapping, Sequence, Set
from typing import Any

import click
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines as registered
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from mlflow.tracking.context.registry import resolve_tags

from autoencoder_lab.cells import Cells
from autoencoder_lab.cells.graph import AFTER_VARIANTS, variant_of
from autoencoder_lab.cells.plan import missing_nodes
from autoencoder_lab.comparison.results import FINISHED
from autoencoder_lab.failures import BadInput, reason
from autoencoder_lab.images.arrays import RawImages
from autoencoder_lab.metrics import contract
from autoencoder_lab.parameters import (
    Capability,
    CorruptionParams,
    capabilities,
    flatten,
    run_parameters,
    typed_parameters,
    variant_names,
)
from autoencoder_lab.tracking.store.config import read_config
from autoencoder_lab.tracking.store.opening import open_experiment, writing_to
from autoencoder_lab.tracking.store.shared_view import keep_view

from .batching import BatchingClient
from .outage import ERRORS, TrackingLost, noting_loss, unless_lost
from .run_tree import RunTree
from .search import ended_as, find_cell_runs

logger = logging.getLogger(__name__)

INCOMPLETE = "incomplete"


class IncompleteRuns(click.ClickException):
    """All nodes of variants have run, and yet their runs do not hold all that is promised."""


class MlflowRuns:
    """Starts each run with the pipeline or its variant, and ends it with the status that is true.

    Other hooks may write to the runs in all that they are told of: the runs start before them, and
    end after them.
    """

    def __init__(self, runs: RunTree, cells: Cells) -> None:
        self._runs = runs
        self._cells = cells

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        self._context = context
        context.mlflow = read_config(context)  # type: ignore[attr-defined]  # as `kedro mlflow` does

    @hook_impl(wrapper=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> Generator[None, Any, Any]:
        try:
            self._start(run_params["pipeline_names"], pipeline, catalog)
            return (yield)
        except BaseException as error:
            self._fail(error)
            raise

    @hook_impl
    @unless_lost
    def before_variant_run(self, variant: str) -> None:
        self._runs.begin_variant(variant)

    @hook_impl(wrapper=True)
    def after_variant_run(self, variant: str, error: Exception | None) -> Generator[None, Any, Any]:
        result = yield
        self._runs.end_variant(variant, "FAILED" if error else self._status(variant))
        return result

    @hook_impl(wrapper=True)
    def after_pipeline_run(self) -> Generator[None, Any, Any]:
        try:
            result = yield
            statuses = self._end_all()
        except BaseException as error:
            self._fail(error)
            raise
        if self._runs.lost:
            raise self._tracking_lost()
        if incomplete := [name for name in self._whole if statuses[name] == "KILLED"]:
            raise IncompleteRuns(
                f"the runs of {', '.join(incomplete)} are incomplete, although all of their nodes "
                "have run: see the warning above"
            )
        return result

    @hook_impl(wrapper=True)
    def on_pipeline_error(self, error: BaseException) -> Generator[None, Any, Any]:
        try:
            return (yield)
        finally:
            self._fail(error)
            if isinstance(error, ERRORS):  # of tracking: what a node raises, the runner tells
                raise BadInput(
                    f"tracking failed: {reason(error).splitlines()[0]}. To go on from there, mend "
                    "it and add --only-missing-outputs"
                ) from error

    def _end_all(self) -> dict[str, str]:
        """End what is open; return the status of each variant."""
        statuses = {variant: self._status(variant) for variant in self._runs.variants}
        for variant, status in statuses.items():
            self._runs.end_variant(variant, status)
        is_whole = "KILLED" not in statuses.values() and not self._runs.lost
        self._runs.end(FINISHED if is_whole else "KILLED")
        return statuses

    def _fail(self, error: BaseException) -> None:
        self._runs.end("FAILED" if isinstance(error, Exception) else "KILLED")

    def _start(
        self, pipelines: Sequence[str] | None, pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        self._catalog = catalog
        client, experiment = open_experiment(self._context.mlflow, self._context)  # type: ignore[attr-defined]
        with writing_to(experiment):
            keep_view(client, experiment)
        parameters = typed_parameters(catalog.load("parameters"))
        namespaces = {variant_of(node) for node in pipeline.nodes}
        known = variant_names(parameters)
        variants = [variant for variant in known if variant in namespaces]
        shared = {key: value for key, value in parameters.items() if key not in known}
        is_compared = any(AFTER_VARIANTS in node.tags for node in pipeline.nodes)
        if is_compared and not variants:
            _refuse_nothing_to_compare(parameters["dataset"], parameters["run_key"])
        chosen = set(pipeline.nodes)
        self._whole = [name for name in variants if set(registered[name].nodes) <= chosen]
        logged = {variant: run_parameters(parameters, variant) for variant in variants}
        self._required = _required_metrics(
            {
                variant: capabilities(own["model.family"], own["training.strategy.kind"])
                for variant, own in logged.items()
            },
            catalog,
        )
        with writing_to(experiment):
            self._runs.start(
                BatchingClient(client.tracking_uri),
                experiment.experiment_id,
                name=_name(pipelines, variants),
                tags=self._tags(parameters),
                shared=flatten(shared),
                variants=logged,
                is_compared=is_compared,
            )

    def _tracking_lost(self) -> TrackingLost:
        of_runs = {self._runs.run_id(variant): variant for variant in self._runs.variants}
        names = ", ".join(of_runs.get(run_id, "what variants share") for run_id in self._runs.lost)
        folders = sorted({file.folder for file in self._cells.plan.files.values()})
        [reason, *_] = self._runs.lost.values()
        return TrackingLost(
            f"the runs of {names} do not hold all results, as the tracking server was lost: "
            f"{reason}\nThe results are on disk:\n"
            + "".join(f"  {folder}\n" for folder in folders)
            + "Once the server answers, the same command with --only-missing-outputs logs them"
        )

    def _tags(self, parameters: dict[str, object]) -> dict[str, str]:
        """Return who ran what: MLflow's own tags, the cell's, the data's and the code's."""
        code = self._cells.code
        tags = {
            "dataset": parameters["dataset"],
            "seed": parameters["seed"],
            "run_key": parameters["run_key"],
            "data_digest": self._cells.plan.data_digest or None,
            "code_digest": code.digest,
            "git_commit": code.commit,
            "intra_op_threads": os.environ.get("TF_NUM_INTRAOP_THREADS"),
            "git_dirty": code.commit and str(code.uncommitted is not None).lower(),
            "git_changes": code.uncommitted or "",  # or a continued run would keep what it had
        }
        known = {key: str(tag) for key, tag in tags.items() if tag is not None}
        return {**resolve_tags(), **known}

    def _status(self, variant: str) -> str:
        """Return FINISHED for a run that holds all that the contract asks for."""
        run_id = self._runs.run_id(variant)
        if run_id not in self._runs.lost:
            with noting_loss(self._runs, run_id):
                run = self._runs.client.get_run(run_id)
        if run_id in self._runs.lost:
            return "KILLED"
        lacking = sorted(self._required[variant] - run.data.metrics.keys())
        if not lacking and self._runs.is_continued(run_id):
            lacking = self._removed(variant)
        if missing := ", ".join(lacking):
            logger.warning("The run of %s is marked KILLED, as it has no %s", variant, missing)
            self._runs.client.set_tag(run_id, INCOMPLETE, missing)
            return "KILLED"
        if INCOMPLETE in run.data.tags:  # of an earlier attempt
            self._runs.client.delete_tag(run_id, INCOMPLETE)
        return FINISHED

    def _removed(self, variant: str) -> list[str]:
        """Return the nodes whose results an earlier session logged, and this one has removed."""
        nodes = missing_nodes(registered[variant], self._catalog)
        return sorted(node.name for node in nodes if variant_of(node) == variant)


def _required_metrics(
    variants: Mapping[str, Set[Capability]], catalog: DataCatalog
) -> dict[str, set[str]]:
    """Return the keys that each variant's run is to hold, of those that variants and data allow."""
    if not variants:
        return {}
    corruption: CorruptionParams = catalog.load("params:corruption")
    raw_images: RawImages = catalog.load("raw_images")
    normal_class = catalog.load("params:evaluation.normal_class")
    has_classes = raw_images.has_classes(normal_class)
    of_data: set[contract.Need] = {"classes" if has_classes else "unclassed"}
    if raw_images.has_anomalies(normal_class):
        of_data.add("anomalies")
    if raw_images.train_images.shape[-1] == 1:
        of_data.add("grey")
    if catalog.load("params:few_labels.draws"):
        of_data.add("few_labels")
    views = [noise.view for noise in corruption.noises]
    return {name: contract.required(views, {*can, *of_data}) for name, can in variants.items()}


def _refuse_nothing_to_compare(dataset: str, run_key: str | None) -> None:
    if find_cell_runs(dataset, run_key, ended_as(FINISHED), most=1):
        return
    of_key, key = (
        ("", "") if run_key is None else (f" and run_key {run_key}", f",run_key={run_key}")
    )
    raise BadInput(
        f"there is nothing to compare: no run of data set {dataset}{of_key} is finished. Train "
        f"first: kedro run --params=dataset={dataset}{key}"
    )


def _name(pipelines: Sequence[str] | None, variants: Sequence[str]) -> str:
    """Return what a run of several variants, or of none, is called."""
    if pipelines:
        return "+".join(sorted(pipelines))  # Kedro gives them in another order each time
    every = {variant_of(node) for node in registered["__default__"].nodes} - {""}
    return "all variants" if every <= set(variants) else "some nodes"
