import json
from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node
from matplotlib.figure import Figure

from autoencoder_lab.cells import Cells
from autoencoder_lab.cells.plan import Plan
from autoencoder_lab.tracking import LogOutputs, RunTree
from autoencoder_lab.tracking.runs.batching import BatchingClient
from autoencoder_lab.training.divergence import Diverged
from autoencoder_lab.training.progress import Milestone, tell

TAGS = {"dataset": "digits", "seed": "3", "run_key": "nightly"}
HISTORY = pd.DataFrame({"epoch": [1, 2], "train/loss": [0.3, 0.2], "val/loss": [0.4, float("nan")]})
ENTRIES = {
    "stacked.scores": {"log": "metrics"},
    "stacked.history": {"log": "step_metrics", "file": "tables/history.csv"},
    "stacked.map_figure": {"log": "figure", "file": "figures/map.png"},
    "data_summary": {"log": "summary", "file": "data/summary.json"},
    "leaderboard_table": {"log": "table", "file": "comparison/leaderboard.csv"},
    "report": {"log": "page", "file": "comparison/report.html"},
    "stacked.misspelt": {"log": "artefact"},
    "images": {},
}


class Session:
    """A session with one variant, of a run key."""

    def __init__(self, client: BatchingClient, experiment: str) -> None:
        self.client = client
        self.runs = RunTree()
        self.runs.start(
            client,
            experiment,
            name="",
            tags=TAGS,
            shared={},
            variants={"stacked": {"seed": 3}},
            is_compared=False,
        )
        self.runs.begin_variant("stacked")
        cells = Cells()
        cells.plan = Plan({}, {}, {}, [], {}, {}, {}, "")
        self.outputs = LogOutputs(self.runs, cells)
        self.outputs.before_pipeline_run(
            catalog=DataCatalog(
                {name: MemoryDataset(metadata={"mlflow": log}) for name, log in ENTRIES.items()}
            )
        )

    @property
    def run_id(self) -> str:
        return self.runs.by_variant["stacked"]

    def save(self, name: str, data: object) -> None:
        self.outputs.after_dataset_saved(dataset_name=name, data=data)

    def steps(self, key: str) -> list[int]:
        self.runs.client.send(self.run_id)
        return [metric.step for metric in self.client.get_metric_history(self.run_id, key)]

    def artifact(self, run_id: str, path: str, folder: Path) -> Path:
        return Path(self.client.download_artifacts(run_id, path, str(folder)))


@pytest.fixture
def session(client: BatchingClient, experiment: str) -> Session:
    return Session(client, experiment)


def test_metrics_are_logged_in_the_run_of_their_variant(session: Session) -> None:
    session.save("stacked.scores", {"test/mse": 0.25, "test/psnr": 6.0})

    assert session.runs.client.get_run(session.run_id).data.metrics == {
        "test/mse": 0.25,
        "test/psnr": 6.0,
    }
    assert session.steps("test/mse") == [0]
    assert session.outputs.measured == {
        session.run_id: {"test/mse": {0: 0.25}, "test/psnr": {0: 6.0}}
    }


def test_a_table_is_logged_by_its_steps_and_as_a_file(session: Session, tmp_path: Path) -> None:
    session.save("stacked.history", HISTORY)

    session.runs.client.send(session.run_id)
    history = session.client.get_metric_history(session.run_id, "train/loss")
    assert [(metric.step, metric.value) for metric in history] == [(1, 0.3), (2, 0.2)]
    logged = session.artifact(session.run_id, "tables/history.csv", tmp_path)
    pd.testing.assert_frame_equal(pd.read_csv(logged), HISTORY)
    assert session.outputs.measured[session.run_id]["train/loss"][2] == 0.2


def test_figures_and_summaries_are_logged_from_what_is_in_hand(
    session: Session, tmp_path: Path
) -> None:
    session.save("stacked.map_figure", Figure(figsize=(3, 2)))
    session.save("data_summary", {"images": 7})

    figure = session.artifact(session.run_id, "figures/map.png", tmp_path)
    assert figure.read_bytes().startswith(b"\x89PNG")
    summary = session.artifact(session.runs.top_id, "digits/data/summary.json", tmp_path)
    assert json.loads(summary.read_text()) == {"images": 7}


def test_a_comparison_is_logged_in_the_parent_by_data_set(session: Session, tmp_path: Path) -> None:
    session.save("leaderboard_table", pd.DataFrame({"variant": ["tied"], "mean": [0.5]}))
    session.save("report", "<html>…</html>")

    table = session.artifact(session.runs.top_id, "digits/comparison/leaderboard.csv", tmp_path)
    page = session.artifact(session.runs.top_id, "digits/comparison/report.html", tmp_path)
    assert table.read_text() == "variant,mean\ntied,0.5\n"
    assert page.read_text("utf-8") == "<html>…</html>"


def test_a_retry_logs_no_step_a_second_time(
    session: Session, client: BatchingClient, experiment: str
) -> None:
    session.save("stacked.history", HISTORY.iloc[:1])
    session.runs.end("FAILED")

    retry = Session(client, experiment)
    retry.save("stacked.history", HISTORY)

    assert retry.run_id == session.run_id
    assert retry.steps("train/loss") == [1, 2]
    assert retry.steps("val/loss") == [1, 2]
    retry.save("stacked.history", HISTORY)
    assert retry.steps("val/loss") == [1, 2]  # NaN included


@pytest.fixture
def node() -> Node:
    return Node(sorted, "images", "stacked.history", name="train", namespace="stacked")


def test_losses_are_logged_while_the_fit_runs_and_not_a_second_time(
    session: Session, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.outputs.before_node_run(node)

    tell(Milestone("joint", 1, 2, {"train/loss": 0.3, "val/loss": 0.4}))
    while_it_runs = session.steps("train/loss")
    session.save("stacked.history", HISTORY)

    assert while_it_runs == [1]
    assert session.steps("train/loss") == session.steps("val/loss") == [1, 2]


def test_a_server_without_time_does_not_end_a_fit(
    session: Session,
    node: Node,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    session.outputs.before_node_run(node)
    with monkeypatch.context() as busy:
        busy.setattr(session.runs.client._tracking_client, "log_batch", _refuse)
        session.runs.client._waiting[session.run_id].due_at = 0
        tell(Milestone("joint", 1, 2, {"train/loss": 0.3, "val/loss": 0.4}))

    session.save("stacked.history", HISTORY)

    assert "Losses could not be logged yet: no time" in caplog.text
    assert session.steps("train/loss") == [1, 2]


def _refuse(*_: object, **__: object) -> None:
    raise ConnectionError("no time")


def test_a_fit_that_diverges_keeps_its_losses(session: Session) -> None:
    node = Node(sorted, "images", "stacked.history", name="train", namespace="stacked")

    session.outputs.on_node_error(error=Diverged("the loss became nan", HISTORY), node=node)
    session.outputs.on_node_error(error=ValueError("of another kind"), node=node)

    assert session.steps("train/loss") == [1, 2]


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("stacked.misspelt", None, r"metadata\.mlflow of stacked\.misspelt is .*artefact"),
        ("stacked.scores", {"test/mae": 1}, "'test/mae' is not in the contract"),
        (
            "stacked.history",
            pd.DataFrame({"labels": [100, 300, 100], "pretraining/scratch": [0.7, 0.8, 0.6]}),
            r"by labels has more than one row for \[100\]",
        ),
    ],
)
def test_what_cannot_be_logged_is_an_error(
    session: Session, name: str, data: object, error: str
) -> None:
    with pytest.raises(ValueError, match=error):
        session.save(name, data)


def test_an_entry_without_instructions_is_not_logged(session: Session) -> None:
    session.save("images", [1, 2, 3])

    assert session.runs.client.get_run(session.run_id).data.metrics == {}
    assert session.client.list_artifacts(session.run_id) == []


def test_runs_whose_samples_have_collapsed_are_tagged(session: Session) -> None:
    def tag() -> str | None:
        return session.client.get_run(session.run_id).data.tags.get("collapsed")

    session.save("stacked.scores", {"samples/collapsed": 0.0})
    assert tag() is None

    session.save("stacked.scores", {"samples_mixture/collapsed": 1.0})
    assert tag() == "samples_mixture"
