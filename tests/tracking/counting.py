"""A client that counts the runs which it reads from the store."""

from typing import Any

from mlflow.entities import Run
from mlflow.store.entities import PagedList

from autoencoder_lab.tracking.runs.batching import BatchingClient


class CountingClient(BatchingClient):
    """MLflow's client, and how many runs its searches have read."""

    n_read = 0

    def search_runs(self, *arguments: Any, **options: Any) -> PagedList[Run]:
        page = super().search_runs(*arguments, **options)
        self.n_read += len(page)
        return page
