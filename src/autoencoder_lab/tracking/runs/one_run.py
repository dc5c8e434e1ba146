"""Finding or creating the one run that several processes share, even at the same time."""

from collections.abc import Mapping

from mlflow import MlflowClient
from mlflow.entities import LifecycleStage, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED, ErrorCode
from mlflow.tracking.context.registry import resolve_tags
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from .owners import owner_tags
from .search import RUN_KEY, find_runs, having

WITHDRAWN = "(withdrawn)"


def find_or_create(
    client: MlflowClient, experiment_id: str, name: str, tags: Mapping[str, str]
) -> tuple[Run, bool]:
    """Return the one run of these tags, and whether it was made by this call.

    Its name does not count: people rename runs.

    MLflow has neither locks nor unique names for runs. But a run's parameter can be written once
    and never changed, so that the parameter `run_key` elects: of several runs that are made at
    the same time, the others are withdrawn, for good, before the first is chosen. Whoever is
    chosen is chosen for all, and a process that dies in between leaves the choice to the next.

    Args:
        tags: What makes the run one of its kind, with `run_key` among them. One that is made names
            this process as its owner as well.
    """
    # A parent's children have its tags, too.
    lacking = [key for key in (MLFLOW_PARENT_RUN_ID, "variant") if key not in tags]
    condition = " and ".join([having(tags), *(f"tags.`{key}` IS NULL" for key in lacking)])
    made: set[str] = set()
    while True:
        runs = list(find_runs(client, experiment_id, condition))
        candidates = [run for run in runs if RUN_KEY not in run.data.params]
        chosen = [run for run in runs if run.data.params.get(RUN_KEY) == tags[RUN_KEY]]
        if chosen:
            for other in runs:  # late, or withdrawn by an election that came to nothing
                if other not in chosen:
                    _withdraw(client, other, tags)
            return chosen[0], chosen[0].info.run_id in made
        if not candidates:
            all_tags = {**resolve_tags(), **tags, **owner_tags()}  # MLflow's say who ran what
            run = client.create_run(experiment_id, run_name=name, tags=all_tags)
            made.add(run.info.run_id)
            continue
        first, *others = candidates
        if all(_write_once(client, run, WITHDRAWN) for run in others):
            _write_once(client, first, tags[RUN_KEY])
            for run in others:
                _withdraw(client, run, tags)


def _withdraw(client: MlflowClient, run: Run, tags: Mapping[str, str]) -> None:
    """Delete a run; where a server lets the user write but not delete, put it out of the way."""
    run_id = run.info.run_id
    try:
        client.delete_run(run_id)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(PERMISSION_DENIED):
            raise
        _write_once(client, run, WITHDRAWN)
        client.update_run(run_id, "KILLED", name=WITHDRAWN)
        client.log_batch(run_id, tags=[RunTag(key, WITHDRAWN) for key in tags])


def _write_once(client: MlflowClient, run: Run, value: str) -> bool:
    """Return whether the run's parameter has this value, written now or before."""
    try:
        client.log_param(run.info.run_id, RUN_KEY, value)
    except MlflowException:
        now = client.get_run(run.info.run_id)
        is_deleted = now.info.lifecycle_stage == LifecycleStage.DELETED
        written = WITHDRAWN if is_deleted else now.data.params.get(RUN_KEY)
        if written is None:
            raise
        return bool(written == value)
    return True
