"""The splits as inputs of runs, which several processes and threads log at the same moment."""

import pytest

from ..scripts import answer_of

LOG = """
import json, multiprocessing, sys
import numpy as np
from mlflow.data.numpy_dataset import from_numpy
from mlflow.entities import DatasetInput
from autoencoder_lab.tracking.runs.batching import BatchingClient
from autoencoder_lab.cells import Cells
from autoencoder_lab.tracking import LogLineage, RunTree
address, experiment = sys.argv[1:]
forks = multiprocessing.get_context("fork")
start = forks.Barrier(3)
def log(_):
    runs = RunTree()
    runs._client = client = BatchingClient(address)
    lineage = LogLineage(runs, Cells())
    logged = []
    for number in range(10):
        run_id = client.create_run(experiment).info.run_id
        lineage._splits = [
            DatasetInput(from_numpy(np.zeros(2), name=f"{number}/{split}")._to_mlflow_entity(), [])
            for split in ("train", "validation", "test")
        ]
        start.wait()
        try:
            lineage._log_splits(run_id)
            logged.append(len(client.get_run(run_id).inputs.dataset_inputs))
        except Exception as error:  # or the others would wait for this process
            logged.append(str(error))
    return logged
with forks.Pool(3) as pool:
    print(json.dumps(pool.map(log, range(3), chunksize=1)))
"""


@pytest.mark.slow
def test_processes_may_log_the_same_splits_at_once(embedded: str, experiment: str) -> None:
    logged = answer_of(LOG, embedded, experiment)

    assert logged == [[3] * 10] * 3
