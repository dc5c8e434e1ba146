import pytest

from autoencoder_lab.tracking.logged.files import FEW, FILES, digests_in_runs

from ..counting import CountingClient

CELL = {"dataset": "digits", "variant": "tied", "seed": "3"}
N_RUNS = 3 * FEW


@pytest.fixture
def client(embedded: str, experiment: str) -> CountingClient:
    """Return a client of a store with the history of a cell: run n holds the file n."""
    client = CountingClient(embedded)
    for n in range(1, N_RUNS + 1):
        run_id = client.create_run(experiment, start_time=n, tags=CELL).info.run_id
        client.log_dict(run_id, {"model.keras": f"{n}"}, FILES)
        client.set_terminated(run_id)
    return client


def held(client: CountingClient, experiment: str, *digests: str) -> set[str]:
    return digests_in_runs(
        client, experiment, {*digests}, dataset="digits", variant="tied", seed=3, run_key=None
    )


@pytest.mark.slow
def test_files_of_the_latest_run_are_found_in_the_latest_runs(
    client: CountingClient, experiment: str
) -> None:
    latest = f"{N_RUNS}"

    assert held(client, experiment, latest) == {latest}
    assert client.n_read == FEW


def test_files_are_found_however_old_their_run_is(client: CountingClient, experiment: str) -> None:
    assert held(client, experiment, "1", f"{N_RUNS}", "of no run") == {"1", f"{N_RUNS}"}


@pytest.mark.slow
def test_runs_that_failed_and_those_of_a_run_key_do_not_count(
    client: CountingClient, experiment: str
) -> None:
    for status, tags in (("FAILED", CELL), ("FINISHED", {**CELL, "run_key": "nightly"})):
        run_id = client.create_run(experiment, tags=tags).info.run_id
        client.log_dict(run_id, {"model.keras": status}, FILES)
        client.set_terminated(run_id, status)

    assert held(client, experiment, "FAILED", "FINISHED") == set()
