import threading
from collections.abc import Sequence
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from autoencoder_lab.tracking.runs.batching import LARGEST_BATCH, BatchingClient


class Counting(BatchingClient):
    """A client that counts its requests, and whose server is away when it is told to be."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.requests: list[tuple[int, int, int]] = []
        """Metrics, parameters and tags of each."""
        self.is_away = False
        self._tracking_client.log_batch = self._count(self._tracking_client.log_batch)

    def _count(self, log_batch: Any) -> Any:
        def counted(
            run_id: str,
            metrics: Sequence[Metric],
            params: Sequence[Param],
            tags: Sequence[RunTag],
            **options: Any,
        ) -> Any:
            self.requests.append((len(metrics), len(params), len(tags)))
            if self.is_away:
                raise ConnectionError("away")
            return log_batch(run_id, metrics, params, tags, **options)

        return counted


@pytest.fixture
def counting(embedded: str) -> Counting:
    return Counting(embedded)


@pytest.fixture
def run_id(counting: Counting, experiment: str) -> str:
    run_id = str(counting.create_run(experiment).info.run_id)
    counting.gather(run_id)
    return run_id


def log(client: MlflowClient, run_id: str) -> None:
    client.log_metric(run_id, "test/mse", 0.5, step=2)
    client.set_tag(run_id, "mlflow.note.content", "old")
    client.log_batch(run_id, [Metric("test/mse", 0.25, 7, 3)], tags=[RunTag("reused", "no")])
    client.set_tag(run_id, "mlflow.note.content", "new")


def test_metrics_and_tags_go_in_one_request_once_their_run_is_asked_for(
    counting: Counting, run_id: str, embedded: str
) -> None:
    log(counting, run_id)
    before = MlflowClient(embedded).get_run(run_id).data

    after = counting.get_run(run_id).data

    assert (before.metrics, before.tags.get("reused")) == ({}, None)
    assert after.metrics == {"test/mse": 0.25}
    assert {"reused": "no", "mlflow.note.content": "new"}.items() <= after.tags.items()
    assert {m.step for m in counting.get_metric_history(run_id, "test/mse")} == {2, 3}
    assert counting.requests == [(2, 0, 2)]


def test_what_waits_goes_with_the_first_that_is_logged_after_some_seconds(
    counting: Counting, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(counting, run_id)
    counting._waiting[run_id].due_at = 0

    counting.log_metric(run_id, "test/psnr", 6.0)
    counting.log_metric(run_id, "test/ssim", 0.9)

    assert counting.requests == [(3, 0, 2)]


def test_parameters_and_other_runs_are_logged_at_once(
    counting: Counting, run_id: str, experiment: str, embedded: str
) -> None:
    other = counting.create_run(experiment).info.run_id
    log(counting, other)
    counting.log_batch(run_id, params=[Param("seed", "3")])

    direct = MlflowClient(embedded)
    assert direct.get_run(other).data.metrics == {"test/mse": 0.25}
    assert direct.get_run(run_id).data.params == {"seed": "3"}


def test_what_a_failed_request_was_to_bring_goes_with_the_next_and_not_twice(
    counting: Counting, run_id: str
) -> None:
    log(counting, run_id)
    counting.is_away = True
    with pytest.raises(ConnectionError):
        counting.send(run_id)
    counting.set_tag(run_id, "mlflow.note.content", "newest")
    counting.is_away = False

    data = counting.get_run(run_id).data

    assert sorted(m.step for m in counting.get_metric_history(run_id, "test/mse")) == [2, 3]
    assert data.tags["mlflow.note.content"] == "newest"
    assert counting.requests == [(2, 0, 2), (2, 0, 2)]


def test_no_request_is_larger_than_mlflow_takes(counting: Counting, run_id: str) -> None:
    steps = range(LARGEST_BATCH + 5)
    counting.log_batch(run_id, [Metric("val/loss", 1.0, 7, step) for step in steps])
    counting.set_tag(run_id, "reused", "no")

    counting.send(run_id)

    logged = counting.get_metric_history(run_id, "val/loss")
    assert sorted(m.step for m in logged) == [*steps]
    assert counting.requests == [(LARGEST_BATCH, 0, 1), (5, 0, 0)]


def test_nothing_is_lost_or_doubled_where_threads_log_to_one_run(
    counting: Counting, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autoencoder_lab.tracking.runs.batching.SECONDS_BETWEEN_BATCHES", 0)
    monkeypatch.setattr("autoencoder_lab.tracking.runs.batching.MOST_WAITING", 0)
    counting._waiting[run_id].due_at = 0

    def log_steps(first: int) -> None:
        for step in range(first, 100, 4):
            counting.log_metric(run_id, "train/loss", 1 / (1 + step), step=step)

    threads = [threading.Thread(target=log_steps, args=[first]) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counting.send(run_id)

    logged = counting.get_metric_history(run_id, "train/loss")
    assert sorted((m.step, m.value) for m in logged) == [(n, 1 / (1 + n)) for n in range(100)]
    assert sum(n for n, _, _ in counting.requests) == 100
