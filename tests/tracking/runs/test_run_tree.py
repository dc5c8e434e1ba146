import os
from collections.abc import Sequence
from typing import Any

import pytest
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from autoencoder_lab.failures import BadInput
from autoencoder_lab.tracking import RunTree
from autoencoder_lab.tracking.runs.batching import BatchingClient
from autoencoder_lab.tracking.runs.owners import PID

from ..counting import CountingClient

CELL = {"dataset": "digits", "seed": "3"}
NIGHTLY = {**CELL, "run_key": "nightly"}


def start(
    client: BatchingClient,
    experiment: str,
    variants: Sequence[str],
    tags: dict[str, str] = CELL,
    runs: RunTree | None = None,
    epochs: int = 2,
    is_compared: bool = False,
    n_begun: int | None = None,
) -> RunTree:
    runs = runs or RunTree()
    runs.start(
        client,
        experiment,
        name="both",
        tags=tags,
        shared={"seed": 3},
        variants={variant: {"seed": 3, "training.epochs": epochs} for variant in variants},
        is_compared=is_compared,
    )
    for variant in variants[:n_begun]:
        runs.begin_variant(variant)
    return runs


def by_name(client: BatchingClient, experiment: str) -> dict[str, Run]:
    runs = client.search_runs([experiment])
    names = {run.info.run_name.removesuffix(" digits 3"): run for run in runs}
    assert len(names) == len(runs)
    return names


def statuses(client: BatchingClient, experiment: str) -> dict[str, str]:
    return {name: run.info.status for name, run in by_name(client, experiment).items()}


def test_a_single_variant_has_the_only_run(client: BatchingClient, experiment: str) -> None:
    runs = start(client, experiment, ["stacked"])

    [run] = client.search_runs([experiment])
    assert run.info.run_name == "stacked digits 3"
    assert {"variant": "stacked", **CELL}.items() <= run.data.tags.items()
    assert run.data.params == {"seed": "3", "training.epochs": "2"}
    assert runs.run_id("stacked.model") == runs.run_id("test_views") == run.info.run_id
    assert runs.place("samples_figure", "figures/samples.png") == "figures/samples.png"


def test_a_single_variant_that_is_compared_is_a_child_that_ends_before_the_comparison(
    client: BatchingClient, experiment: str
) -> None:
    runs = start(client, experiment, ["stacked"], is_compared=True)
    runs.end_variant("stacked", "FINISHED")

    assert statuses(client, experiment) == {"both": "RUNNING", "stacked": "FINISHED"}
    assert runs.run_id("report") == runs.top_id != runs.by_variant["stacked"]


def test_several_variants_have_a_child_each_under_one_parent(
    client: BatchingClient, experiment: str
) -> None:
    runs = start(client, experiment, ["linear", "stacked"])

    found = by_name(client, experiment)
    parent = found.pop("both")
    assert "variant" not in parent.data.tags
    assert parent.data.params == {"seed": "3"}
    assert runs.run_id("test_views") == parent.info.run_id
    assert sorted(found) == ["linear", "stacked"]
    for variant, run in found.items():
        assert run.data.tags["variant"] == variant
        assert run.data.tags[MLFLOW_PARENT_RUN_ID] == parent.info.run_id
        assert run.data.tags[PID] == str(os.getpid())
        assert run.data.params["training.epochs"] == "2"
        assert runs.run_id(f"{variant}.model") == run.info.run_id


def test_a_child_begins_with_its_variant(client: BatchingClient, experiment: str) -> None:
    runs = start(client, experiment, ["linear", "stacked"], n_begun=0)
    before = statuses(client, experiment)
    runs.begin_variant("stacked")
    runs.begin_variant("stacked")
    runs.end("KILLED")

    assert before == {"both": "RUNNING"}
    assert runs.variants == ["stacked", "linear"]
    assert runs.run_id("linear.model") == "(no run of linear yet)"
    assert statuses(client, experiment) == {"both": "KILLED", "stacked": "KILLED"}


@pytest.mark.parametrize(
    ("linear", "stacked", "session", "parent"),
    [
        ("FINISHED", "FINISHED", "FINISHED", "FINISHED"),
        ("FAILED", "FINISHED", "FAILED", "FAILED"),
        ("FINISHED", "KILLED", "FINISHED", "KILLED"),
        ("FAILED", "KILLED", "KILLED", "FAILED"),
    ],
)
def test_each_run_ends_as_it_went_and_the_parent_as_the_worst(
    client: BatchingClient, experiment: str, linear: str, stacked: str, session: str, parent: str
) -> None:
    runs = start(client, experiment, ["linear", "stacked"])

    runs.end_variant("linear", linear)
    runs.end_variant("stacked", stacked)
    assert statuses(client, experiment)["both"] == "RUNNING"
    runs.end(session)
    runs.end("KILLED")  # there is nothing left to end

    assert statuses(client, experiment) == {"both": parent, "linear": linear, "stacked": stacked}


def test_what_is_open_ends_with_the_session(client: BatchingClient, experiment: str) -> None:
    runs = start(client, experiment, ["linear", "stacked"])

    runs.end_variant("linear", "FINISHED")
    runs.end("KILLED")

    assert statuses(client, experiment) == {
        "both": "KILLED",
        "linear": "FINISHED",
        "stacked": "KILLED",
    }


def test_the_only_run_is_open_until_the_session_ends(
    client: BatchingClient, experiment: str
) -> None:
    runs = start(client, experiment, ["stacked"])

    runs.end_variant("stacked", "FINISHED")
    assert statuses(client, experiment) == {"stacked": "RUNNING"}
    runs.end("FINISHED")

    assert statuses(client, experiment) == {"stacked": "FINISHED"}


def test_what_an_interrupted_session_left_open_is_marked_killed_by_the_next(
    client: BatchingClient, experiment: str
) -> None:
    runs = start(client, experiment, ["linear", "stacked"])

    start(client, experiment, ["sparse"], runs=runs)
    runs.end("FINISHED")

    assert statuses(client, experiment) == {
        "both": "KILLED",
        "linear": "KILLED",
        "stacked": "KILLED",
        "sparse": "FINISHED",
    }


class RefusesOnce(BatchingClient):
    """A store that fails the first request to end each of some runs."""

    def __init__(self, address: str, names: set[str]) -> None:
        super().__init__(address)
        self.refused = names

    def set_terminated(self, run_id: str, *args: Any, **kwargs: Any) -> None:
        name = self.get_run(run_id).info.run_name.removesuffix(" digits 3")
        if name in self.refused:
            self.refused.remove(name)
            raise MlflowException("the server has no time")
        super().set_terminated(run_id, *args, **kwargs)


def test_a_refused_ending_keeps_no_other_run_open_and_is_tried_again(
    embedded: str, experiment: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = RefusesOnce(embedded, {"linear"})
    runs = start(client, experiment, ["linear", "stacked"])

    runs.end("FINISHED")
    first = statuses(client, experiment)
    start(client, experiment, ["sparse"], runs=runs)
    second = statuses(client, experiment)

    assert first == {"both": "FINISHED", "linear": "RUNNING", "stacked": "FINISHED"}
    assert "could not be marked FINISHED yet: the server has no time" in caplog.text
    assert second == {**first, "linear": "FINISHED", "sparse": "RUNNING"}
    runs.end("FINISHED")


class InterruptedAsItEnds(BatchingClient):
    """A server that hangs as a run is to be ended, until Ctrl-C comes: once."""

    hangs = True

    def set_terminated(self, *args: Any, **kwargs: Any) -> None:
        if self.hangs:
            self.hangs = False
            raise KeyboardInterrupt
        super().set_terminated(*args, **kwargs)


def test_a_run_whose_ending_is_interrupted_is_ended_again(embedded: str, experiment: str) -> None:
    client = InterruptedAsItEnds(embedded)
    runs = start(client, experiment, ["linear"])
    run_id = runs.top_id

    with pytest.raises(KeyboardInterrupt):
        runs.end("FINISHED")
    before = client.get_run(run_id).info.status
    start(client, experiment, ["sparse"], runs=runs)

    assert (before, client.get_run(run_id).info.status) == ("RUNNING", "FINISHED")
    runs.end("FINISHED")


class LosesParameters(BatchingClient):
    """A store that fails when parameters are to be logged, once it is told to."""

    is_full = False

    def log_batch(self, *args: Any, **kwargs: Any) -> None:
        if self.is_full:
            raise MlflowException("no space left")
        super().log_batch(*args, **kwargs)


@pytest.mark.parametrize("tags", [CELL, NIGHTLY])
def test_a_child_that_is_made_but_not_filled_is_ended_as_well(
    embedded: str, client: BatchingClient, experiment: str, tags: dict[str, str]
) -> None:
    full = LosesParameters(embedded)
    runs = start(full, experiment, ["linear", "stacked"], tags, n_begun=1)

    full.is_full = True
    with pytest.raises(MlflowException, match="no space left"):
        runs.begin_variant("stacked")
    runs.end("FAILED")

    assert runs.lost == {runs.run_id("stacked"): "no space left"}
    assert set(statuses(client, experiment).values()) == {"FAILED"}


class InterruptedAsItMakes(BatchingClient):
    """A store during whose answer Ctrl-C comes, once it is told to."""

    is_interrupted = False

    def create_run(self, *args: Any, **kwargs: Any) -> Run:
        run = super().create_run(*args, **kwargs)
        if self.is_interrupted:
            raise KeyboardInterrupt
        return run


@pytest.mark.parametrize("tags", [CELL, NIGHTLY])
def test_a_child_that_is_interrupted_as_it_is_made_is_ended_as_well(
    embedded: str, client: BatchingClient, experiment: str, tags: dict[str, str]
) -> None:
    interrupted = InterruptedAsItMakes(embedded)
    runs = start(interrupted, experiment, ["linear", "stacked"], tags, n_begun=0)

    interrupted.is_interrupted = True
    with pytest.raises(KeyboardInterrupt):
        runs.begin_variant("linear")
    runs.end("KILLED")

    found = statuses(client, experiment)
    assert len(found) == 2
    assert set(found.values()) == {"KILLED"}


class FindsNothing(BatchingClient):
    """A store that fails, from some moment on, when runs are searched for."""

    is_busy = False

    def search_runs(self, *args: Any, **kwargs: Any) -> Any:
        if self.is_busy:
            raise MlflowException("the server has no time")
        return super().search_runs(*args, **kwargs)


def test_a_parent_ends_also_where_its_children_cannot_be_looked_up(
    embedded: str, client: BatchingClient, experiment: str, caplog: pytest.LogCaptureFixture
) -> None:
    busy = FindsNothing(embedded)
    runs = start(busy, experiment, ["linear", "stacked"])
    runs.end_variant("linear", "FAILED")

    busy.is_busy = True
    runs.end("FINISHED")

    assert statuses(client, experiment) == {
        "both": "FAILED",
        "linear": "FAILED",
        "stacked": "FINISHED",
    }
    assert "could not be looked up: the server has no time" in caplog.text


def test_sessions_of_a_run_key_share_a_parent_and_their_cells_have_a_child_each(
    client: BatchingClient, experiment: str
) -> None:
    other_seed = {**NIGHTLY, "seed": "4"}
    trees = [
        start(client, experiment, ["linear"], NIGHTLY),
        start(client, experiment, ["stacked"], NIGHTLY),
        start(client, experiment, ["stacked"], other_seed),
    ]

    parents = {tree.top_id for tree in trees}
    children = [run_id for tree in trees for run_id in tree.by_variant.values()]
    assert len(parents) == 1
    assert len(set(children)) == 3
    assert len(client.search_runs([experiment])) == 4
    parent = client.get_run(parents.pop())
    assert (parent.info.run_name, parent.data.params) == ("nightly", {"run_key": "nightly"})
    assert "seed" not in parent.data.tags
    assert trees[0].place("samples_figure", "samples.png") == "digits/samples.png"
    assert trees[0].place("linear.map_figure", "map.png") == "map.png"
    for tree in trees:
        tree.end("FINISHED")


def test_a_shared_parent_is_left_open_while_a_child_of_another_session_runs(
    client: BatchingClient, experiment: str
) -> None:
    first = start(client, experiment, ["linear"], NIGHTLY)
    second = start(client, experiment, ["stacked"], NIGHTLY)

    first.end("FAILED")
    open_parent = statuses(client, experiment)
    second.end("FINISHED")

    assert open_parent == {"nightly": "RUNNING", "linear": "FAILED", "stacked": "RUNNING"}
    assert statuses(client, experiment) == {
        "nightly": "FAILED",
        "linear": "FAILED",
        "stacked": "FINISHED",
    }


def test_a_shared_parent_runs_again_once_a_child_of_another_session_begins(
    client: BatchingClient, experiment: str
) -> None:
    first = start(client, experiment, ["linear"], NIGHTLY)
    second = start(client, experiment, ["stacked"], NIGHTLY, n_begun=0)

    first.end("FINISHED")
    between = statuses(client, experiment)
    second.begin_variant("stacked")

    assert between == {"nightly": "FINISHED", "linear": "FINISHED"}
    assert statuses(client, experiment)["nightly"] == "RUNNING"
    second.end("FINISHED")


def test_a_retry_continues_its_own_child_and_mends_its_parent(
    client: BatchingClient, experiment: str
) -> None:
    first = start(client, experiment, ["stacked"], NIGHTLY)
    first.end("FAILED")

    retry = start(client, experiment, ["stacked"], NIGHTLY)
    reopened = statuses(client, experiment)
    retry.end("FINISHED")

    assert retry.by_variant == first.by_variant
    assert not first.is_continued(first.by_variant["stacked"])
    assert retry.is_continued(retry.by_variant["stacked"])
    assert reopened == {"nightly": "RUNNING", "stacked": "RUNNING"}
    assert statuses(client, experiment) == {"nightly": "FINISHED", "stacked": "FINISHED"}


def test_a_retry_with_the_same_long_parameter_goes_on_and_with_another_is_refused(
    client: BatchingClient, experiment: str
) -> None:
    long = "{a,b}" * 2000
    start(client, experiment, ["stacked"], NIGHTLY, epochs=long).end("FAILED")

    start(client, experiment, ["stacked"], NIGHTLY, epochs=long).end("FINISHED")

    assert statuses(client, experiment) == {"nightly": "FINISHED", "stacked": "FINISHED"}
    with pytest.raises(BadInput, match=r"training\.epochs was \{a,b"):
        start(client, experiment, ["stacked"], NIGHTLY, epochs=long + "c")


def test_a_retry_with_other_parameters_is_refused_and_changes_nothing(
    client: BatchingClient, experiment: str
) -> None:
    start(client, experiment, ["stacked"], NIGHTLY).end("FINISHED")

    other = RunTree()
    with pytest.raises(BadInput, match=r"stacked: training\.epochs was 2, is 7"):
        start(client, experiment, ["linear", "stacked"], NIGHTLY, runs=other, epochs=7)
    other.end("FAILED")

    assert statuses(client, experiment) == {"nightly": "FINISHED", "stacked": "FINISHED"}


def test_finished_children_of_other_sessions_are_not_read_at_the_end(
    embedded: str, client: BatchingClient, experiment: str
) -> None:
    for seed in range(1, 6):
        start(client, experiment, ["stacked"], {**NIGHTLY, "seed": str(seed)}).end("FINISHED")
    counting = CountingClient(embedded)
    runs = start(counting, experiment, ["tied"], NIGHTLY)
    n_read = counting.n_read

    runs.end("FINISHED")

    assert counting.n_read == n_read
    assert client.get_run(runs.top_id).info.status == "FINISHED"
