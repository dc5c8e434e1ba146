from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mlflow import MlflowClient

from autoencoder_lab.commands.doctor.store import check_runs
from autoencoder_lab.tracking.runs.owners import HOST, PID, owner_tags

NO_PROCESS = str(2**22 + 1)  # above what Linux counts to


@pytest.fixture
def client(tmp_path: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")


@pytest.mark.slow
def test_runs_that_nobody_runs_are_named_and_others_are_not(client: MlflowClient) -> None:
    mine, elsewhere = owner_tags(), {**owner_tags(), HOST: "elsewhere"}
    two_days_ago = int((datetime.now(UTC) - timedelta(days=2)).timestamp() * 1000)
    client.create_run("0", run_name="runs", tags=mine)
    client.create_run("0", run_name="runs elsewhere", tags=elsewhere)
    client.create_run("0", run_name="gone", tags={**mine, PID: NO_PROCESS})
    client.create_run("0", run_name="old", tags=elsewhere, start_time=two_days_ago)
    ended = client.create_run("0", run_name="ended", tags={**mine, PID: NO_PROCESS})
    client.set_terminated(ended.info.run_id, "FINISHED")

    found = check_runs(client, "0")

    texts = {problem.text.partition("(")[2]: problem.remedy for problem in found.problems}
    assert found.looked_at == "4 RUNNING"
    assert len(texts) == 2
    assert texts["gone) is RUNNING, but its process is gone"].endswith("marks it KILLED")
    [(old, remedy)] = [item for item in texts.items() if item[0].startswith("old")]
    assert "is RUNNING on elsewhere since 20" in old
    assert "set_terminated(" in remedy
