"""Whether a run can be repeated here, with the same code, data and packages."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.session import KedroSession
from mlflow import MlflowClient

from autoencoder_lab.cells.code_state import CodeState, has_commit, read_code_state, read_patch
from autoencoder_lab.cells.environment import read_machine, read_packages, version_differences
from autoencoder_lab.failures import BadInput
from autoencoder_lab.session.raw_images import load_raw_images
from autoencoder_lab.tracking.results.run_record import RunRecord, read_run
from autoencoder_lab.tracking.store.opening import open_experiment

MOST_SHOWN = 10


@dataclass(frozen=True)
class Allowed:
    """What may be other than it was; of the code, what is here is run."""

    code: bool
    data: bool
    environment: bool


@dataclass(frozen=True)
class Replay:
    """A run that can be replayed.

    Attributes:
        commit, patch: The code that makes it.
        data_root: Under which the user's data are: an address, or a folder of the project.
        tracking: The settings of `mlflow.yml`, independent of the folder.
        is_foreign: Whether it runs uncommitted code that is not here, but comes from the run.
        warnings: What is other than it was, and allowed to be.
    """

    project: Path
    client: MlflowClient
    record: RunRecord
    commit: str
    patch: bytes
    data_root: str
    tracking: dict[str, Any]
    is_foreign: bool
    warnings: tuple[str, ...]


def plan_replay(project: Path, env: str | None, run_id: str, allowed: Allowed) -> Replay:
    """Return how a run is replayed.

    Raises:
        BadInput: There is no such run, or code, data or packages are not there or others, and
            that is not allowed.
    """
    context = KedroSession.create(project_path=project, env=env).load_context()
    config = context.mlflow  # type: ignore[attr-defined]
    client, experiment = open_experiment(config, context)
    record = read_run(client, experiment.experiment_id, run_id)
    here = read_code_state(project)
    if here.commit is None:
        raise BadInput("a run is replayed in a clone of the project, which is in no git commit")
    found = (
        ("--allow-other-code", allowed.code, list(_code_problems(project, here, record, allowed))),
        ("--allow-other-data", allowed.data, list(_data_problems(project, env, record))),
        ("--allow-other-environment", allowed.environment, list(_package_problems(record))),
    )
    refused = [
        f"  {problem} ({option} replays it anyway)"
        for option, is_allowed, problems in found
        for problem in problems
        if not is_allowed
    ]
    if refused:
        raise BadInput("\n".join([f"run {run_id} cannot be replayed as it was:", *refused]))
    # Who runs it has logged in already, by variables that the replay inherits.
    server = config.server.model_dump(include={"mlflow_tracking_uri"})
    experiment_settings = config.tracking.experiment.model_dump()
    return Replay(
        project=project,
        client=client,
        record=record,
        commit=here.commit if allowed.code else record.commit,
        patch=read_patch(project) if allowed.code else record.patch,
        data_root=context.config_loader["globals"]["data_root"],
        tracking={"server": server, "tracking": {"experiment": experiment_settings}},
        # By what it is: whoever may write to a run may tag it with another's digest.
        is_foreign=bool(record.patch)
        and not allowed.code
        and (record.commit, record.patch) != (here.commit, read_patch(project)),
        warnings=tuple(
            [problem for _, _, problems in found for problem in problems]
            + list(_machine_warnings(record))
        ),
    )


def _code_problems(
    project: Path, here: CodeState, record: RunRecord, allowed: Allowed
) -> Iterator[str]:
    if allowed.code:
        then = _revision(record.commit, record.changes)
        yield from version_differences(then, _revision(here.commit, here.uncommitted))
    elif not record.commit:
        yield "it names no commit"
    elif not has_commit(project, record.commit):
        yield f"its commit {record.commit[:8]} is not in this repository: git fetch may bring it"
    elif record.changes and not record.patch:
        yield "its uncommitted changes were not kept"


def _revision(commit: str | None, changes: str | None) -> dict[str, str]:
    return {"commit": (commit or "none")[:8], "uncommitted changes": (changes or "none")[:8]}


def _data_problems(project: Path, env: str | None, record: RunRecord) -> Iterator[str]:
    params = {"dataset": record.dataset, "ingest": record.parameters["ingest"]}
    context: KedroContext = KedroSession.create(
        project_path=project, env=env, runtime_params=params
    ).load_context()
    digest = load_raw_images(context.catalog).sha256  # without any images, nothing can be allowed
    if digest != record.data_digest:
        yield (
            f"the images of {record.dataset} have changed: their digest was "
            f"{record.data_digest[:8]}, is {digest[:8]}"
        )


def _package_problems(record: RunRecord) -> Iterator[str]:
    python = {"python": record.machine["python"]}, {"python": read_machine()["python"]}
    differences = [
        *version_differences(*python),
        *version_differences(record.packages, read_packages()),
    ]
    if differences:
        more = len(differences) - MOST_SHOWN
        shown = differences[:MOST_SHOWN] + ([f"{more} more"] if more > 0 else [])
        yield f"packages differ: {'; '.join(shown)}"


def _machine_warnings(record: RunRecord) -> Iterator[str]:
    then, now = record.machine["processor"], read_machine()["processor"]
    if then != now:
        yield (
            f"it ran on another processor ({then}), where numbers may differ: --tolerance "
            "processors counts as equal what was seen to"
        )
