import pytest
from mlflow import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from autoencoder_lab.tracking.runs.occasions import Outcome, end_occasion
from autoencoder_lab.tracking.runs.owners import HOST, owner_tags

KEY = {"run_key": "nightly"}
CELLS = [("digits", "tied", "1"), ("digits", "tied", "2")]
ELSEWHERE = {**owner_tags(), HOST: "another"}


class Occasion:
    """Runs of a run key, as processes leave them."""

    def __init__(self, client: MlflowClient, experiment: str, status: str = "FINISHED") -> None:
        self.client, self.experiment = client, experiment
        self.parent = self._create({**KEY, **ELSEWHERE}, status)

    def add(self, cell: tuple[str, str, str], status: str, owner: dict[str, str]) -> str:
        tags = dict(zip(("dataset", "variant", "seed"), cell, strict=True))
        return self._create({**KEY, **tags, **owner, MLFLOW_PARENT_RUN_ID: self.parent}, status)

    def compare(self, dataset: str = "digits") -> None:
        self.client.log_text(self.parent, "", f"{dataset}/comparison/report.html")

    def end(self) -> Outcome:
        return end_occasion(self.client, self.experiment, "nightly", CELLS, ["digits"])

    def status(self, run_id: str) -> str:
        return str(self.client.get_run(run_id).info.status)

    def _create(self, tags: dict[str, str], status: str) -> str:
        run_id = str(self.client.create_run(self.experiment, tags=tags).info.run_id)
        if status != "RUNNING":
            self.client.set_terminated(run_id, status)
        return run_id


@pytest.mark.slow
def test_all_that_is_finished_is_left_alone(client: MlflowClient, experiment: str) -> None:
    occasion = Occasion(client, experiment)
    for cell in CELLS:
        occasion.add(cell, "FINISHED", ELSEWHERE)
    occasion.compare()

    outcome = occasion.end()

    assert outcome == Outcome(dict.fromkeys(CELLS, "FINISHED"), ["digits"], "FINISHED")
    assert occasion.status(occasion.parent) == "FINISHED"


def test_what_a_lost_machine_left_running_is_killed_and_so_is_the_parent(
    client: MlflowClient, experiment: str
) -> None:
    occasion = Occasion(client, experiment, "RUNNING")
    occasion.add(CELLS[0], "FINISHED", ELSEWHERE)
    lost = occasion.add(CELLS[1], "RUNNING", ELSEWHERE)
    occasion.compare()

    outcome = occasion.end()

    assert outcome.parent == "KILLED"
    assert occasion.status(lost) == occasion.status(occasion.parent) == "KILLED"


def test_a_parent_whose_last_session_failed_stays_failed(
    client: MlflowClient, experiment: str
) -> None:
    occasion = Occasion(client, experiment, "FAILED")
    for cell in CELLS:
        occasion.add(cell, "FINISHED", ELSEWHERE)
    occasion.compare()

    assert occasion.end().parent == "FAILED"
    assert occasion.status(occasion.parent) == "FAILED"


@pytest.mark.parametrize(
    ("n_cells", "is_compared"), [(1, True), (2, False)], ids=["a cell", "the comparison"]
)
def test_a_parent_that_lacks_something_is_failed(
    client: MlflowClient, experiment: str, n_cells: int, is_compared: bool
) -> None:
    occasion = Occasion(client, experiment)
    for cell in CELLS[:n_cells]:
        occasion.add(cell, "FINISHED", ELSEWHERE)
    if is_compared:
        occasion.compare()

    assert occasion.end().parent == "FAILED"
    assert occasion.status(occasion.parent) == "FAILED"


def test_a_process_that_lives_on_this_machine_is_left_its_runs(
    client: MlflowClient, experiment: str
) -> None:
    occasion = Occasion(client, experiment, "RUNNING")
    alive = occasion.add(CELLS[0], "RUNNING", owner_tags())

    assert occasion.end().parent == "RUNNING"
    assert occasion.status(alive) == occasion.status(occasion.parent) == "RUNNING"


def test_where_nothing_ran_there_is_no_parent(client: MlflowClient, experiment: str) -> None:
    assert end_occasion(client, experiment, "nightly", CELLS, ["digits"]) == Outcome({}, (), "")
