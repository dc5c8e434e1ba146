from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput
from mlflow.exceptions import MlflowException

from autoencoder_lab.commands.doctor.models import check_models


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

    assert found.looked_at == "2 of finished runs"
    [problem] = found.problems
    assert "(second): the file of its model m-" in problem.text
    assert f"MLFLOW_TRACKING_URI={client.tracking_uri} mlflow runs delete" in problem.remedy


def test_a_store_that_does_not_answer_is_no_reason_to_delete_runs(
    client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise MlflowException("503 Service Unavailable")

    monkeypatch.setattr(client, "list_logged_model_artifacts", fail)

    [problem] = check_models(client, experiment(client)).problems

    assert problem.text == "models cannot be looked up: 503 Service Unavailable"
    assert "delete" not in problem.remedy
