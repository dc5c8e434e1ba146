"""What is left out of a long history is compared with nothing."""

import random
from collections.abc import Iterator
from itertools import product

import mlflow
import pytest
from mlflow import MlflowClient

from autoencoder_lab.comparison.results import choose
from autoencoder_lab.tracking.results.cell_results import read_result
from autoencoder_lab.tracking.results.recent import find_recent
from autoencoder_lab.tracking.runs.search import find_cell_runs

N_RUNS = 40
MOST_OTHERS = 6
CELLS = list(product(("tied", "stacked"), ("1", "2")))
STATUSES = ("FINISHED", "FINISHED", "FINISHED", "FAILED", "KILLED")


@pytest.fixture(autouse=True)
def _in_use(embedded: str, experiment: str) -> Iterator[None]:
    mlflow.set_tracking_uri(embedded)
    mlflow.set_experiment(experiment_id=experiment)
    yield
    mlflow.set_tracking_uri(None)


def add_run(
    client: MlflowClient, experiment: str, cell: tuple[str, str], status: str, **facts: str
) -> str:
    variant, seed = cell
    started, ended = (int(facts.pop(key)) for key in ("started", "ended"))
    tags = {"dataset": "digits", "variant": variant, "seed": seed, "data_digest": "d", **facts}
    run = client.create_run(experiment, start_time=started, tags=tags)
    if status != "RUNNING":
        client.set_terminated(run.info.run_id, status, ended)
    return str(run.info.run_id)


def add_history(client: MlflowClient, experiment: str, seed: int) -> None:
    """Add runs as people make them: the code changes, and comes back, and some runs are long."""
    draw = random.Random(seed)
    for n in range(1, N_RUNS + 1):
        status = draw.choice(STATUSES) if n < N_RUNS else "RUNNING"
        code = draw.choice("abc"[n // 15 :] or "c") * 8
        facts = {"started": str(100 * n), "ended": str(100 * n + draw.randrange(1, 900))}
        add_run(client, experiment, draw.choice(CELLS), status, code_digest=code, **facts)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_the_same_runs_are_compared_as_if_all_were_read(
    client: MlflowClient, experiment: str, seed: int
) -> None:
    add_history(client, experiment, seed)
    everything = find_cell_runs("digits", None)

    recent = find_recent("digits", None, most_others=MOST_OTHERS)

    ids = [run.info.run_id for run in recent]
    assert len(ids) == len(set(ids))
    assert MOST_OTHERS <= len(ids) <= len(everything) == N_RUNS
    compared, of_all = (
        {result.run_id for result in choose([*map(read_result, runs)]).compared}
        for runs in (recent, everything)
    )
    assert compared == of_all


@pytest.mark.slow
def test_history_is_read_no_further_than_the_code_of_the_latest_goes_back(
    client: MlflowClient, experiment: str
) -> None:
    for n in range(1, N_RUNS + 1):
        code = "old" if n <= N_RUNS - MOST_OTHERS - 2 else "new"
        facts = {"started": str(100 * n), "ended": str(100 * n + 50), "code_digest": code}
        add_run(client, experiment, ("tied", str(n)), "FINISHED", **facts)

    recent = find_recent("digits", None, most_others=MOST_OTHERS)

    assert {int(run.data.tags["seed"]) for run in recent} == set(
        range(N_RUNS - MOST_OTHERS - 1, N_RUNS + 1)
    )


def test_all_runs_of_a_run_key_are_read(client: MlflowClient, experiment: str) -> None:
    for n in range(1, MOST_OTHERS + 3):
        facts = {"started": str(n), "ended": str(n + 1), "run_key": "nightly"}
        add_run(client, experiment, ("tied", str(n)), "FINISHED", code_digest=f"{n}", **facts)

    assert len(find_recent("digits", "nightly", most_others=1)) == MOST_OTHERS + 2
    assert find_recent("digits", None, most_others=1) == []
