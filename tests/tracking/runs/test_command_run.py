import signal
from pathlib import Path

import pytest
from mlflow import MlflowClient

from autoencoder_lab.tracking.runs.command_run import command_run


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, "FINISHED"),
        (ValueError("an image is broken"), "FAILED"),
        (KeyboardInterrupt(), "KILLED"),
        (SystemExit(128 + signal.SIGTERM), "KILLED"),
    ],
)
def test_a_run_ends_as_what_is_done_in_it(
    tmp_path: Path, error: BaseException | None, status: str
) -> None:
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    experiment_id = client.create_experiment("toys", str(tmp_path / "artifacts"))
    ids = []

    def do() -> None:
        with command_run(client, experiment_id, "apply", {"of": "a model"}) as run_id:
            ids.append(run_id)
            assert client.get_run(run_id).info.status == "RUNNING"
            if error:
                raise error

    if error is None:
        do()
    else:
        with pytest.raises(type(error)):
            do()

    run = client.get_run(ids[0])
    assert (run.info.run_name, run.info.status) == ("apply", status)
    assert run.data.tags["of"] == "a model"
