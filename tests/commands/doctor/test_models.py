from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput

from autoencoder_lab.commands.doctor.models import check_models

from ...servers import answering_server
from ...tracking.counting import CountingClient

pytestmark = pytest.mark.slow


@pytest.fixture
def client(tmp_path: Path) -> MlflowClient:
    """Return a store with a run of somebody's own, one that failed, and two that finished."""
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    experiment = client.create_experiment("models", (tmp_path / "artifacts").as_uri())
    for name, status, tags in (
        ("own", "FINISHED", {}),
        ("failed", "FAILED", {"data_digest": "1f"}),
        ("first", "FINISHED", {"data_digest": "1f"}),
        ("second", "FINISHED", {"data_digest": "1f"}),
    ):
        run = client.create_run(experiment, run_name=name, tags=tags)
        model = client.create_logged_model(experiment, "model", run.info.run_id)
        client.log_outputs(run.info.run_id, [LoggedModelOutput(model.model_id, 0)])
        client.set_terminated(run.info.run_id, status)
        if name == "first":
            file = tmp_path / f"artifacts/models/{model.model_id}/artifacts/artifacts/model.keras"
            file.parent.mkdir(parents=True)
            file.touch()
    return client


def experiment(client: MlflowClient) -> str:
    found = client.get_experiment_by_name("models")
    assert found is not None
    return str(found.experiment_id)


def test_the_run_whose_model_is_gone_is_named_with_what_deletes_it(client: MlflowClient) -> None:
    found = check_models(client, experiment(client))

    assert found.looked_at == "4 in the store"
    [problem] = found.problems
    assert "(second): the file of its model m-" in problem.text
    assert f"MLFLOW_TRACKING_URI={client.tracking_uri} mlflow runs delete" in problem.remedy


def test_of_many_models_the_latest_are_looked_at(
    client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autoencoder_lab.commands.doctor.models.MOST", 1)

    found = check_models(client, experiment(client))

    assert found.looked_at == "the latest 1 in the store"
    assert ["(second)" in problem.text for problem in found.problems] == [True]


def test_no_more_runs_are_read_than_have_lost_their_model(client: MlflowClient) -> None:
    counting = CountingClient(client.tracking_uri)

    check_models(counting, experiment(client))

    assert counting.n_read == 0  # by searches: "second" is asked for by its id


def test_the_model_of_a_run_that_is_deleted_is_not_missed(client: MlflowClient) -> None:
    [second] = client.search_runs([experiment(client)], "attributes.run_name = 'second'")
    client.delete_run(second.info.run_id)

    assert check_models(client, experiment(client)).problems == ()


def test_a_store_that_does_not_answer_is_no_reason_to_delete_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")

    with answering_server(b"", status=503) as address:
        elsewhere = client.create_experiment(
            "models", f"{address}/api/2.0/mlflow-artifacts/artifacts"
        )
        tags = {"data_digest": "1f"}
        run_id = client.create_run(elsewhere, tags=tags).info.run_id
        client.create_logged_model(elsewhere, "model", run_id)
        client.set_terminated(run_id)
        [problem] = check_models(client, elsewhere).problems

    assert problem.text.startswith("models cannot be looked up: ")
    assert "503" in problem.text
    assert "delete" not in problem.remedy
