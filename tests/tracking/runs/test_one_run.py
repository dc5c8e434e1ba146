"""Runs that several processes share: there is one of each, however many ask for it at once."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from autoencoder_lab.tracking.runs.one_run import WITHDRAWN, find_or_create
from autoencoder_lab.tracking.runs.owners import PID
from autoencoder_lab.tracking.runs.search import RUN_KEY

from ..scripts import answer_of

NIGHTLY = {RUN_KEY: "nightly"}

ASK = """
import json, multiprocessing, sys
from mlflow import MlflowClient
from autoencoder_lab.tracking.runs.one_run import find_or_create
address, experiment = sys.argv[1:]
forks = multiprocessing.get_context("fork")
start = forks.Barrier(3)
def ask(_):
    client = MlflowClient(address)
    client.get_experiment(experiment)  # opens the store
    start.wait()
    keys = {f"run {n}": {"run_key": f"key {n}"} for n in range(3)}
    return [find_or_create(client, experiment, *it)[0].info.run_id for it in keys.items()]
with forks.Pool(3) as pool:
    print(json.dumps(pool.map(ask, range(3), chunksize=1)))
"""


def test_what_is_there_is_found(client: MlflowClient, experiment: str) -> None:
    made, is_new = find_or_create(client, experiment, "nightly", NIGHTLY)
    found, is_new_again = find_or_create(client, experiment, "nightly", NIGHTLY)

    assert (is_new, is_new_again) == (True, False)
    assert found.data.tags[PID] == str(os.getpid())
    assert made.info.run_id == found.info.run_id
    assert made.data.tags[RUN_KEY] == found.data.params[RUN_KEY] == "nightly"


def test_a_run_that_was_renamed_is_found(client: MlflowClient, experiment: str) -> None:
    made, _ = find_or_create(client, experiment, "nightly", NIGHTLY)
    client.update_run(made.info.run_id, name="the good one")

    found, is_new = find_or_create(client, experiment, "nightly", NIGHTLY)

    assert (found.info.run_id, is_new) == (made.info.run_id, False)


def test_other_tags_and_parents_have_runs_of_their_own(
    client: MlflowClient, experiment: str
) -> None:
    parent, _ = find_or_create(client, experiment, "stacked", NIGHTLY)
    under = {**NIGHTLY, MLFLOW_PARENT_RUN_ID: parent.info.run_id}
    cells = [
        {**under, "variant": variant, "seed": seed}
        for variant, seed in (("stacked", "2"), ("linear", "2"), ("stacked", "3"))
    ]
    others = [*cells, {RUN_KEY: "weekly"}]
    runs = [
        parent,
        *(find_or_create(client, experiment, "stacked", tags)[0] for tags in others),
    ]

    # The parent is found, although it is older than a child of its name with the same tags.
    assert (
        find_or_create(client, experiment, "stacked", NIGHTLY)[0].info.run_id == runs[0].info.run_id
    )
    assert len({run.info.run_id for run in runs}) == len(runs)


@pytest.mark.slow
@pytest.mark.parametrize("store", ["embedded", "server"])
def test_processes_that_ask_at_once_are_given_the_same(
    store: str, request: pytest.FixtureRequest
) -> None:
    address: str = request.getfixturevalue(store)
    client = MlflowClient(address)
    experiment = client.create_experiment("at once")
    answers = answer_of(ASK, address, experiment)

    assert len(answers[0]) == 3
    assert answers == [answers[0]] * 3, json.dumps(answers)
    assert len(client.search_runs([experiment])) == 3


def test_a_candidate_that_a_process_left_is_chosen(client: MlflowClient, experiment: str) -> None:
    left = client.create_run(experiment, run_name="nightly", tags=NIGHTLY)

    found, _ = find_or_create(client, experiment, "nightly", NIGHTLY)

    assert found.info.run_id == left.info.run_id


def test_of_several_candidates_all_but_the_first_are_withdrawn(
    client: MlflowClient, experiment: str
) -> None:
    candidates = [
        client.create_run(experiment, run_name="nightly", tags=NIGHTLY, start_time=1000 + n)
        for n in range(3)
    ]

    found, _ = find_or_create(client, experiment, "nightly", NIGHTLY)

    assert found.info.run_id == candidates[0].info.run_id
    deleted = client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)
    assert {run.info.run_id for run in deleted} == {run.info.run_id for run in candidates[1:]}


def test_where_one_is_chosen_an_earlier_candidate_gives_way(
    client: MlflowClient, experiment: str
) -> None:
    chosen, _ = find_or_create(client, experiment, "nightly", NIGHTLY)
    # Of a process whose clock is behind.
    client.create_run(experiment, run_name="nightly", tags=NIGHTLY, start_time=1000)

    assert (
        find_or_create(client, experiment, "nightly", NIGHTLY)[0].info.run_id == chosen.info.run_id
    )


def test_where_one_is_chosen_what_an_election_without_end_has_withdrawn_goes(
    client: MlflowClient, experiment: str
) -> None:
    withdrawn = client.create_run(experiment, run_name="nightly", tags=NIGHTLY)
    client.log_param(withdrawn.info.run_id, RUN_KEY, WITHDRAWN)
    chosen = client.create_run(experiment, run_name="nightly", tags=NIGHTLY)
    client.log_param(chosen.info.run_id, RUN_KEY, "nightly")

    found, _ = find_or_create(client, experiment, "nightly", NIGHTLY)

    [left] = client.search_runs([experiment])
    assert left.info.run_id == found.info.run_id == chosen.info.run_id


def test_where_all_candidates_are_withdrawn_a_new_one_is_made(
    client: MlflowClient, experiment: str
) -> None:
    withdrawn = client.create_run(experiment, run_name="nightly", tags=NIGHTLY)
    client.log_param(withdrawn.info.run_id, RUN_KEY, WITHDRAWN)

    found, _ = find_or_create(client, experiment, "nightly", NIGHTLY)

    assert found.info.run_id != withdrawn.info.run_id


class Interrupted(MlflowClient):
    """A store to which another process writes just before this one writes a parameter."""

    def __init__(self, address: str, meanwhile: Callable[[MlflowClient, str], None]) -> None:
        super().__init__(address)
        self._meanwhile = meanwhile

    def log_param(self, run_id: str, key: str, value: Any) -> None:  # type: ignore[override]
        meanwhile, self._meanwhile = self._meanwhile, lambda *_: None
        meanwhile(MlflowClient(self.tracking_uri), run_id)
        super().log_param(run_id, key, value)


def choose(client: MlflowClient, run_id: str) -> None:
    client.log_param(run_id, RUN_KEY, "nightly")


def withdraw(client: MlflowClient, run_id: str) -> None:
    client.log_param(run_id, RUN_KEY, WITHDRAWN)
    client.delete_run(run_id)


def fail(_: MlflowClient, run_id: str) -> None:
    raise MlflowException("the server has no time")


@pytest.mark.parametrize(("meanwhile", "is_kept"), [(choose, True), (withdraw, False)])
def test_what_another_process_decides_meanwhile_holds(
    embedded: str,
    client: MlflowClient,
    experiment: str,
    meanwhile: Callable[[MlflowClient, str], None],
    is_kept: bool,
) -> None:
    candidate = client.create_run(experiment, run_name="nightly", tags=NIGHTLY).info.run_id

    found, _ = find_or_create(Interrupted(embedded, meanwhile), experiment, "nightly", NIGHTLY)

    assert (found.info.run_id == candidate) == is_kept
    assert (
        find_or_create(client, experiment, "nightly", NIGHTLY)[0].info.run_id == found.info.run_id
    )


def test_where_one_of_several_is_chosen_meanwhile_it_is_not_withdrawn(
    embedded: str, client: MlflowClient, experiment: str
) -> None:
    _, later = (
        client.create_run(experiment, run_name="nightly", tags=NIGHTLY, start_time=1000 + n)
        for n in range(2)
    )

    found, _ = find_or_create(Interrupted(embedded, choose), experiment, "nightly", NIGHTLY)

    assert found.info.run_id == later.info.run_id


def test_a_store_that_fails_is_no_decision(
    embedded: str, client: MlflowClient, experiment: str
) -> None:
    client.create_run(experiment, run_name="nightly", tags=NIGHTLY)

    with pytest.raises(MlflowException, match="no time"):
        find_or_create(Interrupted(embedded, fail), experiment, "nightly", NIGHTLY)
