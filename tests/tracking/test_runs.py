from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from autoencoder_lab.tracking.runs import RunTree


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> MlflowClient:
    store = tmp_path_factory.mktemp("mlruns") / "mlflow.db"
    return MlflowClient(f"sqlite:///{store}")


@pytest.fixture
def experiment(client: MlflowClient, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(client.create_experiment(request.node.name, tmp_path.as_uri()))


def start(client: MlflowClient, experiment: str, variants: list[str]) -> RunTree:
    runs = RunTree()
    runs.start(client, experiment, name="both", variants=variants, tags={"dataset": "digits"})
    return runs


def test_a_single_variant_has_the_only_run(client: MlflowClient, experiment: str) -> None:
    runs = start(client, experiment, ["stacked"])

    [run] = client.search_runs([experiment])
    assert run.info.run_name == "stacked"
    assert {"variant": "stacked", "dataset": "digits"}.items() <= run.data.tags.items()
    assert runs.run_id("stacked.model") == runs.run_id("test_views") == run.info.run_id


def test_several_variants_have_a_child_each_under_one_parent(
    client: MlflowClient, experiment: str
) -> None:
    runs = start(client, experiment, ["linear", "stacked"])

    by_name = {run.info.run_name: run for run in client.search_runs([experiment])}
    parent = by_name.pop("both")
    assert "variant" not in parent.data.tags
    assert runs.run_id("test_views") == parent.info.run_id
    assert sorted(by_name) == ["linear", "stacked"]
    for variant, run in by_name.items():
        assert run.data.tags["variant"] == variant
        assert run.data.tags[MLFLOW_PARENT_RUN_ID] == parent.info.run_id
        assert runs.run_id(f"{variant}.model") == run.info.run_id


def test_all_runs_end_once_with_the_first_status(client: MlflowClient, experiment: str) -> None:
    runs = start(client, experiment, ["linear", "stacked"])

    runs.end("FAILED")
    runs.end("KILLED")

    assert {run.info.status for run in client.search_runs([experiment])} == {"FAILED"}


def test_a_second_session_has_runs_of_its_own(client: MlflowClient, experiment: str) -> None:
    runs = start(client, experiment, ["linear", "stacked"])
    old_child = runs.run_id("stacked.model")
    runs.end("FINISHED")

    runs.start(client, experiment, name="again", variants=["stacked"], tags={})

    assert runs.run_id("stacked.model") != old_child
