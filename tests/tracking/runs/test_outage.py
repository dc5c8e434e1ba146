import errno
from pathlib import Path

import pytest
from kedro.framework.hooks import hook_impl
from mlflow.exceptions import MlflowException

from autoencoder_lab.cells import Cells
from autoencoder_lab.tracking import MlflowRuns, RunTree
from autoencoder_lab.tracking.runs.batching import BatchingClient
from autoencoder_lab.tracking.runs.outage import is_outage, unless_lost

from ...servers import answering_server, free_port


class Logs:
    """A hook whose server fails as it is told to."""

    def __init__(self, error: Exception | None) -> None:
        self._runs = RunTree()
        self._runs._client = BatchingClient("http://127.0.0.1:5000")
        self._runs._top_id = "parent"
        self._runs._by_variant = {"tied": "child"}
        self.error = error
        self.calls = 0

    @property
    def lost(self) -> dict[str, str]:
        return self._runs.lost

    @hook_impl
    @unless_lost
    def after_dataset_saved(self, dataset_name: str, data: object) -> None:
        self.calls += 1
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize("error", [MlflowException("no answer"), ConnectionError("no answer")])
def test_a_run_that_cannot_be_logged_to_is_lost_and_not_asked_again(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    logs = Logs(error)

    for _ in range(3):
        logs.after_dataset_saved("tied.model", data=None)

    assert logs.calls == 1
    assert logs.lost == {"child": "no answer"}
    assert caplog.text.count("Tracking is lost") == 1


def test_a_variant_whose_run_cannot_be_begun_is_lost_and_begun_no_more() -> None:
    logs = Logs(None)
    begun: list[str] = []

    def begin() -> str:
        begun.append("greedy")
        raise ConnectionError("no answer")

    logs._runs._to_begin = {"greedy": begin}
    runs = MlflowRuns(logs._runs, Cells())

    for _ in range(2):
        runs.before_variant_run(variant="greedy")
        logs.after_dataset_saved("greedy.model", data=None)
    logs.after_dataset_saved("tied.model", data=None)

    assert begun == ["greedy"]
    assert logs.lost == {logs._runs.run_id("greedy"): "no answer"}
    assert logs.calls == 1


def test_other_runs_are_still_logged_to() -> None:
    logs = Logs(ConnectionError("no answer"))
    logs.after_dataset_saved("tied.model", data=None)
    logs.error = None

    logs.after_dataset_saved("data_summary", data=None)

    assert logs.calls == 2
    assert logs.lost.keys() == {"child"}


@pytest.mark.parametrize(
    "error",
    [
        ValueError("not in the contract"),
        OSError(errno.ENOSPC, "No space left on device"),
        FileNotFoundError("model.keras"),
        PermissionError("figures"),
        MlflowException.invalid_parameter_value("Invalid metric name"),
    ],
)
def test_an_error_that_is_no_servers_is_raised_and_nothing_is_lost(error: Exception) -> None:
    logs = Logs(error)

    with pytest.raises(type(error), match=str(error.args[-1])):
        logs.after_dataset_saved("tied.scores", data={})

    assert logs.lost == {}


def error_of(client: BatchingClient) -> Exception:
    with pytest.raises((MlflowException, OSError)) as raised:
        client.log_metric("a run", "test/mse", 1.0)
    return raised.value


@pytest.mark.parametrize(
    ("status", "is_one"),
    [(401, True), (403, False), (404, False), (429, True), (500, True), (503, True)],
)
def test_of_a_servers_answers_those_that_say_that_it_cannot_are_an_outage(
    status: int, is_one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with answering_server(b"", status=status) as address:
        client = BatchingClient(address)

        assert is_outage(error_of(client), client) == is_one


@pytest.mark.slow
def test_no_server_is_an_outage_and_of_a_file_there_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    gone = BatchingClient(f"http://127.0.0.1:{free_port()}")
    embedded = BatchingClient(f"sqlite:///{tmp_path}/mlflow.db")
    full = MlflowException("database or disk is full")  # as MLflow raises it: error 500

    assert is_outage(error_of(gone), gone)
    assert not is_outage(full, embedded)


def test_pluggy_still_knows_what_a_hook_takes() -> None:
    assert Logs.after_dataset_saved.kedro_impl["tryfirst"] is False
