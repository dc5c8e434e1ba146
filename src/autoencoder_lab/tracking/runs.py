"""Starting and ending the MLflow runs of a session, with their tags and parameters."""

import logging
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import git
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro_mlflow.config.kedro_mlflow_config import KedroMlflowConfig
from mlflow import MlflowClient
from mlflow.entities import Param
from mlflow.tracking.context.registry import resolve_tags
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from autoencoder_lab.parameters import VARIANTS, flatten

from .store import open_experiment

logger = logging.getLogger(__name__)


class RunTree:
    """The open runs of a session: a variant's own; or a parent's, with one child a variant."""

    def __init__(self) -> None:
        self._client: MlflowClient | None = None
        self._experiment_id = ""
        self._top_id = ""
        self._children: dict[str, str] = {}
        self._open: list[str] = []

    @property
    def client(self) -> MlflowClient:
        """The client of the store in which the runs are."""
        assert self._client is not None, "the runs have not been started"
        return self._client

    @property
    def page(self) -> str:
        """Where MLflow's pages show all runs, below the server's address."""
        # Without the query, MLflow opens its pages for chats.
        return f"#/experiments/{self._experiment_id}/runs?workflowType=machine_learning"

    def start(
        self,
        client: MlflowClient,
        experiment_id: str,
        *,
        name: str,
        variants: Sequence[str],
        tags: Mapping[str, str],
    ) -> None:
        """Start one run for a single variant; otherwise a parent, and a child a variant."""
        self._client, self._experiment_id, self._children = client, experiment_id, {}
        if len(variants) == 1:
            [variant] = variants
            self._top_id = self._create(variant, {**tags, "variant": variant})
            return
        self._top_id = self._create(name, tags)
        for variant in variants:
            child_tags = {**tags, "variant": variant, MLFLOW_PARENT_RUN_ID: self._top_id}
            self._children[variant] = self._create(variant, child_tags)

    def run_id(self, name: str) -> str:
        """Return the run to which a node or dataset belongs, by its namespace."""
        return self._children.get(name.split(".")[0], self._top_id)

    def end_child(self, variant: str, status: str) -> None:
        """End the run of a variant among several; a single variant's ends with the session."""
        if variant in self._children:
            self._open.remove(self._children[variant])
            self.client.set_terminated(self._children[variant], status)

    def end(self, status: str) -> None:
        """End all runs that are still open: children first."""
        while self._open:
            self.client.set_terminated(self._open.pop(), status)

    def _create(self, name: str, tags: Mapping[str, str]) -> str:
        run = self.client.create_run(self._experiment_id, run_name=name, tags=dict(tags))
        self._open.append(run.info.run_id)
        return self._open[-1]


class MlflowRuns:
    """Starts the runs when a pipeline starts, and ends them with the status it ended with."""

    def __init__(self, runs: RunTree) -> None:
        self._runs = runs

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        self._context = context
        # `kedro mlflow ui` looks for it here.
        context.mlflow = KedroMlflowConfig.model_validate(context.config_loader["mlflow"])  # type: ignore[attr-defined]

    @hook_impl(wrapper=True, trylast=True)  # after the checks, which are wrappers too
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> Generator[None, Any, Any]:
        self._start(run_params, pipeline, catalog)
        try:
            return (yield)
        except BaseException as error:
            self.on_pipeline_error(error)
            raise

    def _start(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog) -> None:
        client, experiment = open_experiment(self._context.mlflow, self._context)  # type: ignore[attr-defined]
        parameters = catalog.load("parameters")
        namespaces = {node.namespace for node in pipeline.nodes}
        variants = [variant for variant in VARIANTS if variant in namespaces]
        self._runs.start(
            client,
            experiment.experiment_id,
            name=_name(run_params["pipeline_names"], variants),
            variants=variants,
            tags=self._tags(parameters),
        )
        shared = {key: value for key, value in parameters.items() if key not in VARIANTS}
        if len(variants) != 1:
            self._log_parameters("", shared)
        for variant in variants:
            self._log_parameters(variant, shared | dict(parameters[variant]))

    @hook_impl(trylast=True)
    def after_variant_run(self, variant: str, error: Exception | None) -> None:
        self._runs.end_child(variant, "FAILED" if error else "FINISHED")

    @hook_impl
    def after_pipeline_run(self) -> None:
        self._runs.end("FINISHED")

    @hook_impl
    def on_pipeline_error(self, error: BaseException) -> None:
        self._runs.end("FAILED" if isinstance(error, Exception) else "KILLED")

    def _tags(self, parameters: Mapping[str, object]) -> dict[str, str]:
        """Return who ran what: MLflow's own tags, the data set and seed, and the git commit."""
        tags = {key: str(parameters[key]) for key in ("dataset", "seed")}
        return {**resolve_tags(), **tags, **_git_tags(self._context.project_path)}

    def _log_parameters(self, variant: str, parameters: Mapping[str, object]) -> None:
        params = [Param(key, str(value)) for key, value in flatten(parameters).items()]
        self._runs.client.log_batch(self._runs.run_id(variant), params=params)


def _name(pipelines: Sequence[str] | None, variants: Sequence[str]) -> str:
    """Return what a run of several variants, or of none, is called."""
    if pipelines:
        return "+".join(sorted(pipelines))  # Kedro gives them in another order each time
    return "all variants" if len(variants) == len(VARIANTS) else "some nodes"


def _git_tags(project: Path) -> dict[str, str]:
    try:
        repository = git.Repo(project, search_parent_directories=True)
        commit = repository.head.commit.hexsha
    except (git.InvalidGitRepositoryError, ValueError):
        logger.warning("Not in a git commit: the run does not say which code it ran.")
        return {}
    is_dirty = repository.is_dirty(untracked_files=True)
    return {"git_commit": commit, "git_dirty": str(is_dirty).lower()}
