"""Champions that several processes promote at the same time, over a real server."""

from collections import Counter

import pytest
from mlflow import MlflowClient

from ..scripts import answer_of

N_ROUNDS, N_PROCESSES = 4, 3

PROMOTE = """
import json, logging, multiprocessing, sys
import mlflow
from kedro.io import DataCatalog, MemoryDataset
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput
from autoencoder_lab.comparison.champions import Promotion
from autoencoder_lab.tracking import ChampionDataset, KeepChampions, RunTree
address, experiment, n_rounds, n_processes = *sys.argv[1:3], *map(int, sys.argv[3:])
forks = multiprocessing.get_context("fork")
start = forks.Barrier(n_processes)
PARAMS = DataCatalog({"params:dataset": MemoryDataset("race")})

def train(client):
    run_id = client.create_run(experiment).info.run_id
    model = client.create_logged_model(experiment, source_run_id=run_id)
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 0)])
    return run_id

def promote(client, run_id, champion):
    runs = RunTree()
    runs._client = client
    champions = KeepChampions(runs)
    champions.before_pipeline_run(catalog=PARAMS)
    promotion = Promotion(
        metric="", variant="tied", seed=1, run_id=run_id, score=0, interval=0, seeds=3,
        champion=champion and champion.name, champion_version=champion and champion.version,
        champion_score=1, is_promoted=True, reason="better",
    )
    champions.after_dataset_saved("candidate", promotion)
    return champions.outcome

def take_part(runs):
    client = MlflowClient(address)
    rounds = []
    for run_id in runs:
        start.wait()  # all have ended the round before
        champion = ChampionDataset(dataset="race").load()
        start.wait()
        outcome = promote(client, run_id, champion)
        start.wait()
        after = ChampionDataset(dataset="race").load()
        former = client.get_registered_model("autoencoder-race").aliases.get("former_champion")
        rounds.append({
            "run": run_id, "before": champion and champion.version, "outcome": outcome,
            "after": [after.version, after.run_id], "former": former and str(former),
        })
    return rounds

def take_part_or_abort(runs):
    try:
        return take_part(runs)
    except BaseException:
        start.abort()  # or the others would wait for ever
        raise

mlflow.set_tracking_uri(address)
logging.disable(logging.WARNING)
client = MlflowClient(address)
runs = [[train(client) for _ in range(n_rounds)] for _ in range(n_processes)]
for number in range(1, n_rounds, 2):  # in every other round, two have the same best model
    runs[1][number] = runs[0][number]
with forks.Pool(n_processes) as pool:
    rounds = pool.map(take_part_or_abort, runs, chunksize=1)
print(json.dumps(list(zip(*rounds))))
"""


@pytest.mark.slow
@pytest.mark.parametrize("store", ["embedded", "server"])
def test_of_comparisons_that_promote_at_once_one_wins_and_the_others_say_so(
    store: str, request: pytest.FixtureRequest
) -> None:
    address: str = request.getfixturevalue(store)
    client = MlflowClient(address)
    experiment = client.create_experiment("promoted at once")

    rounds = answer_of(PROMOTE, address, experiment, str(N_ROUNDS), str(N_PROCESSES))

    for processes in rounds:
        [[version, champion]] = {tuple(process["after"]) for process in processes}
        assert {process["former"] for process in processes} == {
            process["before"] for process in processes
        }
        for process in processes:
            verb = "is now" if process["run"] == champion else "became"
            assert f"@champion {verb} version {version} (" in process["outcome"], processes
    versions = client.search_model_versions("name = 'autoencoder-race'", max_results=100)
    assert set(Counter(version.run_id for version in versions).values()) == {1}
    assert len(versions) == N_ROUNDS * N_PROCESSES - N_ROUNDS // 2
