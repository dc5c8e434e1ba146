"""Everything that a variant's run recorded, read back for a replay."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NOTE, MLFLOW_USER
from pydantic import JsonValue

from autoencoder_lab.comparison.results import FINISHED
from autoencoder_lab.failures import BadInput
from autoencoder_lab.metrics import contract
from autoencoder_lab.tracking.runs.artifacts import MACHINE, PACKAGES, PARAMETERS, PATCH
from autoencoder_lab.tracking.runs.search import search

from .cell_results import read_values

REPLAY_OF = "replay_of"


@dataclass(frozen=True)
class RunRecord:
    """A finished run of a variant.

    Attributes:
        user: Who made it.
        changes: SHA-256 of what was not committed; empty where all was.
        patch: What was not committed, for `git apply`; empty where it was left out.
        code: The digest of the code that computes; empty in older runs, whose changes are those of
            all files in the repository.
        threads: In which TensorFlow added up a sum.
        parameters: The whole configuration, nested.
        packages: The versions that were installed.
        machine: Python, platform and processor.
        values: The contract's metrics that repeat, by key and step.
        outputs: What each node made, digests included, by the names of node and output: in the
            order in which nodes ended, parents first.
    """

    run_id: str
    name: str
    experiment_id: str
    dataset: str
    variant: str
    seed: int
    user: str
    commit: str
    changes: str
    patch: bytes
    code: str
    data_digest: str
    threads: str
    parameters: Mapping[str, JsonValue]
    packages: Mapping[str, str]
    machine: Mapping[str, str]
    values: Mapping[tuple[str, int], float]
    outputs: Mapping[str, Mapping[str, JsonValue]]


def read_run(client: MlflowClient, experiment_id: str, run_id: str) -> RunRecord:
    """Return what a finished run of a variant, in an experiment, says of itself.

    Raises:
        BadInput: There is no such run, it is none of a variant, not finished, or not whole.
    """
    run = _find(client, experiment_id, run_id)
    tags = run.data.tags
    with tempfile.TemporaryDirectory() as folder:
        artifacts = _Artifacts(client, run_id, Path(folder))
        packages = artifacts.read(PACKAGES).decode().split()
        return RunRecord(
            run_id=run_id,
            name=str(run.info.run_name),
            experiment_id=experiment_id,
            dataset=tags["dataset"],
            variant=tags["variant"],
            seed=int(tags["seed"]),
            user=tags.get(MLFLOW_USER, "unknown"),
            commit=tags.get("git_commit", ""),
            changes=tags.get("git_changes", ""),
            patch=artifacts.read(PATCH) if tags.get("git_changes") else b"",
            code=tags.get("code_digest", ""),
            data_digest=tags.get("data_digest", ""),
            threads=tags.get("intra_op_threads", "1"),
            parameters=yaml.safe_load(artifacts.read(PARAMETERS)),
            packages={name: version for name, _, version in (p.partition("==") for p in packages)},
            machine=json.loads(artifacts.read(MACHINE)),
            values=read_values(client, run),
            outputs=artifacts.read_outputs(),
        )


def find_run(client: MlflowClient, experiment_id: str, run_key: str, variant: str) -> str:
    """Return the run of a variant under a run key."""
    [run] = search(client, experiment_id, {"run_key": run_key, "variant": variant})
    return str(run.info.run_id)


def _find(client: MlflowClient, experiment_id: str, run_id: str) -> Run:
    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        raise BadInput(f"run {run_id} is not in the store: {error.message}") from error
    if run.info.experiment_id != experiment_id or "dataset" not in run.data.tags:
        raise BadInput(f"run {run_id} ({run.info.run_name}) is of another project or experiment")
    if "variant" not in run.data.tags:
        children = search(client, experiment_id, {MLFLOW_PARENT_RUN_ID: run_id})
        names = "".join(f"\n  {child.info.run_id}  {child.info.run_name}" for child in children)
        raise BadInput(f"run {run_id} holds several variants; choose one of{names or ' another'}")
    if run.info.status != FINISHED:
        raise BadInput(f"run {run_id} is {run.info.status}; allowed: {FINISHED}")
    return run


class _Artifacts:
    """A run's files, fetched one by one."""

    def __init__(self, client: MlflowClient, run_id: str, folder: Path) -> None:
        self._client, self._run_id, self._folder = client, run_id, folder

    def read(self, path: str) -> bytes:
        return Path(self._fetch(path)).read_bytes()

    def read_outputs(self) -> dict[str, dict[str, JsonValue]]:
        records: dict[str, Any] = {}
        for file in sorted(Path(self._fetch("nodes")).iterdir()):  # a session after the other
            content = json.loads(file.read_text())
            # Until 0.2, each node had a file of its own.
            records |= {content["node"]: content} if "node" in content else content
        return {
            node: {name: _without_times(described) for name, described in record["outputs"].items()}
            for node, record in records.items()
        }

    def _fetch(self, path: str) -> str:
        try:
            return str(self._client.download_artifacts(self._run_id, path, str(self._folder)))
        except (MlflowException, OSError) as error:
            raise BadInput(
                f"run {self._run_id} no longer has {path}, which a replay needs. "
                "Restore the file in the store's artifacts, or choose another run"
            ) from error


def _without_times(described: JsonValue) -> JsonValue:
    """Return what is described of an output, but for metrics that no two runs share."""
    if isinstance(described, dict):
        return {
            key: _without_times(value)
            for key, value in described.items()
            if (metric := contract.get(key)) is None or metric.repeats
        }
    return described


def link_replay(
    client: MlflowClient,
    replay: RunRecord,
    original: RunRecord,
    verdict: str,
    values: pd.DataFrame,
    *,
    is_equal: bool,
) -> None:
    """Let a replay say of which run it is, and how it compares with it."""
    client.set_tag(replay.run_id, REPLAY_OF, original.run_id)
    client.set_tag(replay.run_id, "replay_is_equal", str(is_equal).lower())
    client.log_text(replay.run_id, values.to_csv(index=False), "replay/values.csv")
    address = f"#/experiments/{original.experiment_id}/runs/{original.run_id}"
    note = client.get_run(replay.run_id).data.tags.get(MLFLOW_RUN_NOTE, "")
    text = f"Replay of [{original.name}]({address}). {verdict}\n\n{note}"
    client.set_tag(replay.run_id, MLFLOW_RUN_NOTE, text)
