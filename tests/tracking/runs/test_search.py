import uuid
from itertools import islice

import pytest
from mlflow import MlflowClient
from mlflow.store.tracking.dbmodels.models import SqlRun, SqlTag
from sqlalchemy import create_engine, insert

from autoencoder_lab.tracking.runs.owners import find_running
from autoencoder_lab.tracking.runs.search import NEWEST_FIRST, PAGE, find_runs, having, search

from ..counting import CountingClient


@pytest.fixture
def many(embedded: str, experiment: str) -> list[str]:
    """Return the ids of more runs than a page holds, oldest first, all RUNNING."""
    ids = [uuid.uuid4().hex for _ in range(PAGE + 3)]
    runs = [
        {
            "run_uuid": run_id,
            "name": "one of many",
            "user_id": "anna",
            "status": "RUNNING",
            "lifecycle_stage": "active",
            "start_time": n,
            "artifact_uri": "",
            "experiment_id": int(experiment),
        }
        for n, run_id in enumerate(ids)
    ]
    tags = [{"key": "run_key", "value": "large", "run_uuid": run_id} for run_id in ids]
    engine = create_engine(embedded)
    with engine.begin() as connection:
        connection.execute(insert(SqlRun), runs)
        connection.execute(insert(SqlTag), tags)
    engine.dispose()
    return ids


def test_all_runs_are_found_though_a_page_holds_fewer(
    client: MlflowClient, experiment: str, many: list[str]
) -> None:
    found = search(client, experiment, {"run_key": "large"})
    running = find_running(client, experiment)

    assert [run.info.run_id for run in found] == many
    assert [run.info.run_id for run in running] == many[::-1]


def test_pages_that_nobody_asks_for_are_not_read(
    embedded: str, experiment: str, many: list[str]
) -> None:
    client = CountingClient(embedded)

    runs = find_runs(
        client, experiment, having({"run_key": "large"}), order_by=NEWEST_FIRST, page=2
    )
    newest = [run.info.run_id for run in islice(runs, 3)]

    assert newest == many[:-4:-1]
    assert client.n_read == 4
