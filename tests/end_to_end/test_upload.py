"""`kedro upload`: an embedded store, copied whole to a server in spite of interruptions."""

import json
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NOTE, MLFLOW_USER

from ..servers import free_port, mlflow_server
from ..waiting import LONGEST_WAIT, wait_until
from .conftest import ProjectCopy, copy_tiny_project

EXPERIMENT = "autoencoder_lab"
MODEL = "autoencoder-tiny"


@dataclass(frozen=True)
class Uploaded:
    """A project, and the server to which its runs were copied in several attempts.

    Attributes:
        printed: By the attempt that came to its end, and by another.
    """

    project: ProjectCopy
    address: str
    killed: int
    n_whole_when_killed: int
    lost: subprocess.CompletedProcess[str]
    printed: tuple[str, str]

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(self.address, self.address)

    @property
    def pairs(self) -> dict[str, tuple[Run, Run]]:
        """Each original and its copy, by the original's id."""
        originals = {run.info.run_id: run for run in self.project.runs()}
        return {
            run_id: (originals[run_id], copy)
            for copy in runs_of(self.client)
            if (run_id := copy.data.tags.get("uploaded_from"))
        }


def runs_of(client: MlflowClient) -> list[Run]:
    experiment = client.get_experiment_by_name(EXPERIMENT)
    return list(client.search_runs([experiment.experiment_id])) if experiment else []


def whole(runs: list[Run]) -> list[Run]:
    return [run for run in runs if "uploaded_by" in run.data.tags]


def add_runs_by_hand(project: ProjectCopy) -> None:
    """Add what this project's own runs have not: long histories, no number, no end, no life."""
    client = project.client
    [experiment_id] = {run.info.experiment_id for run in project.runs()}
    last = project.runs()[0]
    started = last.info.start_time + 1_000
    user = {MLFLOW_USER: "somebody else"}
    made = client.create_run(experiment_id, started, user, run_name="by hand")
    long = made.info.run_id
    values = [float("nan") if step == 7 else step / 3 for step in range(2_345)]
    for start in (0, 1_000, 2_000):
        metrics = [Metric("loss", value, 5_000 + n, n) for n, value in enumerate(values)]
        client.log_batch(long, metrics[start : start + 1_000])
    for start in (0, 100):
        params = [Param(f"p{n}", str(n)) for n in range(start, start + 100)]
        client.log_batch(long, params=params)
    page = f"#/experiments/{experiment_id}/runs/{last.info.run_id}"
    client.set_tag(long, MLFLOW_RUN_NOTE, f"[As]({page}), `kedro replay {long}`.")
    client.set_terminated(long, "FAILED", end_time=started + 1)
    running = client.create_run(experiment_id, run_name="still running").info.run_id
    of_running = client.create_run(
        experiment_id, run_name="a child of it", tags={MLFLOW_PARENT_RUN_ID: running}
    )
    client.set_terminated(of_running.info.run_id)
    client.delete_run(client.create_run(experiment_id, run_name="deleted").info.run_id)
    for run in project.runs():  # until 0.2, models held metrics of their runs
        for output in run.outputs.model_outputs if run.outputs else []:
            of_model = Metric("by_hand", 0.25, 6_000, 3, model_id=output.model_id)
            client.log_batch(run.info.run_id, [of_model])


@pytest.fixture(scope="module")
def uploaded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Upload three times: the process is killed, the server is lost, and all goes well."""
    project = copy_tiny_project(tmp_path_factory.mktemp("upload"))
    trained = project.kedro("run", "--env=smoke", "--pipelines=linear,comparison")
    assert trained.returncode == 0, trained.stderr
    add_runs_by_hand(project)
    linear = project.runs_by_variant("tiny")["linear"].info.run_id
    applied = project.kedro("apply", linear, "--to", str(tmp_path_factory.mktemp("applied")))
    assert applied.returncode == 0, applied.stderr
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    address = f"http://127.0.0.1:{port}"
    variables = {"MLFLOW_TRACKING_URI": address, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    client = MlflowClient(address, address)
    with mlflow_server(folder, port=port):
        killed = project.start("upload", "--env=team", **variables)
        wait_until(lambda: runs_of(client), killed)
        killed.kill()
        killed.communicate()
        n_whole = len(whole(runs_of(client)))
        lost = project.start("upload", "--env=team", **variables)
        wait_until(lambda: whole(runs_of(client)), lost)
    printed, errors = lost.communicate(timeout=LONGEST_WAIT)
    with mlflow_server(folder, port=port):
        last, again = (project.kedro("upload", "--env=team", **variables) for _ in range(2))
        assert (last.returncode, again.returncode) == (0, 0), last.stderr + again.stderr
        yield Uploaded(
            project,
            address,
            killed.returncode,
            n_whole,
            subprocess.CompletedProcess(lost.args, lost.returncode, printed, errors),
            (last.stdout, again.stdout),
        )


def test_what_interrupts_leaves_a_clear_line_and_the_same_command_goes_on(
    uploaded: Uploaded,
) -> None:
    assert uploaded.killed == -signal.SIGKILL
    assert uploaded.n_whole_when_killed < 3
    assert uploaded.lost.returncode == 1
    assert f"the tracking server {uploaded.address} was lost" in uploaded.lost.stderr
    assert "the same command goes on" in uploaded.lost.stderr
    assert "Traceback" not in uploaded.lost.stdout + uploaded.lost.stderr
    last, again = uploaded.printed
    copied = f"Runs copied to {uploaded.address}: {{}}; there already: {{}}; left out: 2."
    assert any(copied.format(4 - there, there) in last for there in (1, 2, 3))
    assert copied.format(0, 4) in again


def test_what_has_not_ended_is_left_out_and_named(uploaded: Uploaded) -> None:
    for line in uploaded.printed:
        assert "(still running) is RUNNING" in line
        assert "(a child of it) is of a parent that has not ended" in line
    names = [copy.info.run_name for _, copy in uploaded.pairs.values()]
    assert sorted(names) == ["apply", "by hand", "comparison+linear tiny 42", "linear tiny 42"]


def test_copies_hold_what_their_originals_hold(uploaded: Uploaded) -> None:
    here, there = uploaded.project.client, uploaded.client
    ids = {run_id: copy.info.run_id for run_id, (_, copy) in uploaded.pairs.items()}

    for original, copy in uploaded.pairs.values():
        expected, found = content(here, original), content(there, copy)
        assert found["tags"].pop("uploaded_from") == original.info.run_id
        assert found["tags"].pop("uploaded_by") == copy.data.tags["uploaded_by"]
        expected["tags"] = json.loads(with_copies(json.dumps(expected["tags"]), ids))
        assert found == expected

    [by_hand] = [copy for _, copy in uploaded.pairs.values() if copy.info.run_name == "by hand"]
    assert len(there.get_metric_history(by_hand.info.run_id, "loss")) == 2_345
    assert by_hand.data.tags[MLFLOW_USER] == "somebody else"
    assert f"`kedro replay {by_hand.info.run_id}`" in by_hand.data.tags[MLFLOW_RUN_NOTE]
    assert f"/runs/{linear(uploaded)[1]}" in by_hand.data.tags[MLFLOW_RUN_NOTE]


def test_models_are_those_of_the_copies(uploaded: Uploaded) -> None:
    here, there = uploaded.project.client, uploaded.client
    original, copy = uploaded.pairs[linear(uploaded)[0]]
    [before], [after] = (run.outputs.model_outputs for run in (original, copy))
    then = here.get_logged_model(before.model_id)
    now = there.get_logged_model(after.model_id)

    assert now.source_run_id == copy.info.run_id
    assert (now.name, now.status, now.params) == (then.name, then.status, then.params)
    assert then.metrics
    assert values_of(now.metrics) == values_of(then.metrics)
    assert len(there.search_logged_models([copy.info.experiment_id])) == 1  # no half ones
    files, files_before = (
        files_of(model.artifact_location, client) for model, client in ((now, there), (then, here))
    )
    description, _ = (yaml.safe_load(some.pop("MLmodel")) for some in (files, files_before))
    assert files == files_before
    assert description["run_id"] == copy.info.run_id
    assert description["model_id"] == description["model_uuid"] == after.model_id
    assert description["artifact_path"] == now.artifact_location


def test_a_run_that_used_a_model_links_to_the_copies(uploaded: Uploaded) -> None:
    copies = {copy.info.run_name: copy for _, copy in uploaded.pairs.values()}
    linear = uploaded.client.get_run(copies["linear tiny 42"].info.run_id)
    apply = uploaded.client.get_run(copies["apply"].info.run_id)

    assert apply.data.tags["applied_run"] == linear.info.run_id
    [used], [made] = apply.inputs.model_inputs, linear.outputs.model_outputs
    assert used.model_id == made.model_id


def test_a_champion_is_registered_with_its_copy(uploaded: Uploaded) -> None:
    there = uploaded.client
    champion = there.get_model_version_by_alias(MODEL, "champion")
    before = uploaded.project.client.get_model_version_by_alias(MODEL, "champion")
    _, copy = uploaded.pairs[before.run_id]

    assert len(there.search_model_versions(f"name = '{MODEL}'")) == 1
    assert champion.run_id == copy.info.run_id
    assert champion.description == before.description
    assert champion.tags == {**before.tags, "uploaded_from": "1"}


def test_the_project_goes_on_with_the_copies(uploaded: Uploaded) -> None:
    project = uploaded.project
    smoke = project.folder / "conf/smoke"
    (smoke / "mlflow.yml").write_text(f"server: {{mlflow_tracking_uri: '{uploaded.address}'}}\n")

    examined = project.kedro("doctor", "--env=smoke")
    compared = project.kedro("run", "--env=smoke", "--pipelines=comparison")

    (smoke / "mlflow.yml").unlink()
    for check in ("runs", "models", "results"):
        assert f"\N{CHECK MARK} {check} " in examined.stdout, examined.stdout
    assert compared.returncode == 0, compared.stderr
    assert f"{MODEL}@champion stays version 1 (linear, seed 42)" in compared.stdout
    assert (
        linear(uploaded)[1]
        in (project.folder / "data/08_reporting/tiny/comparison/cells.csv").read_text()
    )


def test_a_model_that_is_registered_there_is_left_as_it_is(uploaded: Uploaded) -> None:
    here = uploaded.project.client
    [by_hand] = [run for run, _ in uploaded.pairs.values() if run.info.run_name == "by hand"]
    second = here.create_model_version(MODEL, by_hand.info.artifact_uri, by_hand.info.run_id)
    here.set_registered_model_alias(MODEL, "champion", second.version)
    before = uploaded.client.get_registered_model(MODEL)

    done = uploaded.project.kedro("upload", "--env=team", MLFLOW_TRACKING_URI=uploaded.address)

    assert done.returncode == 0, done.stderr
    assert f"{MODEL} is registered there already: version 2 of here not copied" in done.stdout
    after = uploaded.client.get_registered_model(MODEL)
    assert after.aliases == before.aliases == {"champion": "1"}
    assert after.last_updated_timestamp == before.last_updated_timestamp


def test_an_environment_without_a_server_is_refused(uploaded: Uploaded) -> None:
    done = uploaded.project.kedro("upload", "--env=smoke")

    assert done.returncode == 1
    store = uploaded.project.folder / "mlruns/mlflow.db"
    assert f"the runs of the environment smoke are in {store}, not on a server" in done.stderr
    assert "Traceback" not in done.stderr


def linear(uploaded: Uploaded) -> tuple[str, str]:
    """Return the ids of the variant's run and its copy."""
    return next(
        (run_id, copy.info.run_id)
        for run_id, (_, copy) in uploaded.pairs.items()
        if copy.data.tags.get("variant") == "linear"
    )


def with_copies(text: str, ids: dict[str, str]) -> str:
    for before, after in ids.items():
        text = text.replace(before, after)
    return text


def content(client: MlflowClient, run: Run) -> dict[str, Any]:
    """Return all of a run but ids, and its models."""
    run_id = run.info.run_id
    return {
        "info": (run.info.run_name, run.info.status, run.info.start_time, run.info.end_time),
        "user": run.info.user_id,
        "params": run.data.params,
        "tags": dict(run.data.tags),
        "metrics": values_of(
            metric for key in run.data.metrics for metric in client.get_metric_history(run_id, key)
        ),
        "inputs": sorted(
            (
                *(getattr(one.dataset, name) for name in ("name", "digest", "source", "schema")),
                tuple((tag.key, tag.value) for tag in one.tags),
            )
            for one in run.inputs.dataset_inputs
        ),
        "files": files_of(run.info.artifact_uri, client),
        "models": len(run.outputs.model_outputs if run.outputs else []),
    }


def values_of(metrics: Any) -> list[tuple[object, ...]]:
    # As text, what is no number equals itself.
    return sorted((one.key, one.step, one.timestamp, repr(one.value)) for one in metrics)


def files_of(address: str, client: MlflowClient) -> dict[str, bytes]:
    """Return the bytes of the files at an address of artifacts, by their paths."""
    from mlflow.artifacts import download_artifacts, list_artifacts

    if not list_artifacts(address, tracking_uri=client.tracking_uri):
        return {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(download_artifacts(address, dst_path=folder, tracking_uri=client.tracking_uri))
        return {
            str(file.relative_to(place)): file.read_bytes()
            for file in place.rglob("*")
            if file.is_file()
        }
