"""A real store in an SQLite file."""

from pathlib import Path

import pytest

from autoencoder_lab.tracking.runs.batching import BatchingClient


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('mlruns') / 'mlflow.db'}"


@pytest.fixture(scope="session")
def client(embedded: str) -> BatchingClient:
    return BatchingClient(embedded)


@pytest.fixture
def experiment(client: BatchingClient, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the id of an experiment of the test's own."""
    return str(client.create_experiment(request.node.nodeid, tmp_path.as_uri()))
