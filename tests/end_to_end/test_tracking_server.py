"""A tracking server: that is down, that refuses the log-in, that goes away while nodes run."""

from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from autoencoder_lab.metrics import contract

from ..servers import answering_server, free_port, mlflow_server
from ..waiting import LONGEST_WAIT
from .conftest import VIEWS, ProjectCopy, copy_tiny_project

STACKED = ("run", "--env=smoke", "--pipelines=stacked", "--params=stacked.training.epochs=500")
PASSWORD = "a password of 1234"


@pytest.fixture
def project(tmp_path: Path) -> ProjectCopy:
    return copy_tiny_project(tmp_path)


@pytest.fixture
def port(project: ProjectCopy) -> int:
    """Return the port on which the project expects its server."""
    port = free_port()
    settings = f"server:\n  mlflow_tracking_uri: http://127.0.0.1:{port}\n"
    (project.folder / "conf/smoke/mlflow.yml").write_text(settings)
    return port


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a server's store."""
    folder = tmp_path / "server"
    folder.mkdir()
    return folder


def require_refusal(project: ProjectCopy, *facts: str, **environment: str) -> None:
    done = project.kedro(*STACKED, **environment)

    message, _, imported_tensorflow = done.stderr.strip().rpartition("\n")
    assert done.returncode == 1
    for fact in facts:
        assert fact in message, message
    assert message.count("Error") == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert imported_tensorflow == "False"
    assert not [path for path in project.written() if Path(path).suffix in {".keras", ".png"}]


def test_a_server_that_is_down_is_an_error_before_training(project: ProjectCopy, port: int) -> None:
    require_refusal(
        project, f"the tracking server http://127.0.0.1:{port} does not answer", "mlflow.yml"
    )


def test_a_page_instead_of_a_server_is_an_error_before_training(
    project: ProjectCopy, port: int
) -> None:
    with answering_server(b"<html>Please sign in</html>", port):
        require_refusal(
            project, "answers with a page that is not MLflow's", "a proxy", "mlflow.yml"
        )


def test_a_server_that_refuses_the_log_in_is_an_error_before_training(
    project: ProjectCopy, port: int, folder: Path
) -> None:
    secrets = {"MLFLOW_FLASK_SERVER_SECRET_KEY": "x", "MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORD}
    with mlflow_server(folder, "--app-name", "basic-auth", port=port, **secrets):
        refusal = f"the tracking server http://127.0.0.1:{port} refuses the log-in"
        require_refusal(project, refusal, "MLFLOW_TRACKING_USERNAME", "~/.mlflow/credentials")
        wrong = {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": "wrong"}
        require_refusal(project, refusal, **wrong)
        right = {**wrong, "MLFLOW_TRACKING_PASSWORD": PASSWORD}
        done = project.kedro("run", "--env=smoke", "--pipelines=ingest", **right)

        assert done.returncode == 0, done.stderr


def test_what_a_server_has_missed_is_on_disk_and_logged_once_it_is_back(
    project: ProjectCopy, port: int, folder: Path
) -> None:
    with mlflow_server(folder, port=port):
        process = project.start(*STACKED, MLFLOW_HTTP_REQUEST_MAX_RETRIES="1")
        assert process.stdout is not None
        next(line for line in process.stdout if "Running stacked.train_autoencoder" in line)
    printed, errors = process.communicate(timeout=LONGEST_WAIT)

    assert process.returncode == 1
    assert printed.count("Tracking is lost, and the nodes go on without it") == 1
    assert "the runs of stacked do not hold all results, as the tracking server was lost" in errors
    results = project.folder / "data/06_models/tiny/stacked/seed-42"
    assert str(results) in errors
    assert "--only-missing-outputs" in errors
    assert "Traceback" not in printed + errors
    assert (results / "model.keras").exists()
    assert (project.folder / "data/08_reporting/tiny/stacked/seed-42/map.png").exists()
    with mlflow_server(folder, port=port) as address:
        done = project.kedro(*STACKED, "--only-missing-outputs")
        lost, logged = sorted(runs_of(address), key=lambda run: run.info.start_time)

    assert done.returncode == 0, done.stderr
    assert "Running stacked.train_autoencoder" not in done.stdout
    # The process that could not end the run is gone, as the next session finds.
    assert (lost.info.status, logged.info.status) == ("KILLED", "FINISHED")
    assert contract.required(VIEWS, {"encoder", "decoder"}) <= logged.data.metrics.keys()


def runs_of(address: str) -> list[Run]:
    client = MlflowClient(address)
    experiment = client.get_experiment_by_name("autoencoder_lab")
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))
