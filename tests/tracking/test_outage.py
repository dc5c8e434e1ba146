import pytest
from kedro.framework.hooks import hook_impl
from mlflow.exceptions import MlflowException

from autoencoder_lab.tracking import RunTree
from autoencoder_lab.tracking.outage import unless_lost


class Logs:
    """A hook whose server fails as it is told to."""

    def __init__(self, error: Exception | None) -> None:
        self._runs = RunTree()
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


def test_other_runs_are_still_logged_to() -> None:
    logs = Logs(ConnectionError("no answer"))
    logs.after_dataset_saved("tied.model", data=None)
    logs.error = None

    logs.after_dataset_saved("data_summary", data=None)

    assert logs.calls == 2
    assert logs.lost.keys() == {"child"}


def test_an_error_that_is_not_the_stores_is_raised() -> None:
    with pytest.raises(ValueError, match="not in the contract"):
        Logs(ValueError("not in the contract")).after_dataset_saved("tied.scores", data={})


def test_pluggy_still_knows_what_a_hook_takes() -> None:
    assert Logs.after_dataset_saved.kedro_impl["tryfirst"] is False
