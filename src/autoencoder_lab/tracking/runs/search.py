"""Finding runs by their tags."""

from collections.abc import Iterator, Mapping

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run, ViewType

RUN_KEY = "run_key"


def search(client: MlflowClient, experiment_id: str, tags: Mapping[str, str]) -> list[Run]:
    """Return the runs with these tags, oldest first."""
    return list(
        client.search_runs(
            [experiment_id],
            " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items()),
            order_by=["attributes.start_time ASC", "attributes.run_id ASC"],
        )
    )


def search_all(
    client: MlflowClient,
    experiment_id: str,
    condition: str = "",
    view: int = ViewType.ACTIVE_ONLY,
) -> Iterator[Run]:
    """Yield the runs of which a condition holds, however many there are."""
    page = client.search_runs([experiment_id], condition, view)
    yield from page
    while page.token:
        page = client.search_runs([experiment_id], condition, view, page_token=page.token)
        yield from page


def find_cell_runs(dataset: str, run_key: str | None) -> list[Run]:
    """Return the runs of a data set's cells, of the experiment in use."""
    key = "IS NULL" if run_key is None else f"= '{run_key}'"
    runs: list[Run] = mlflow.search_runs(
        filter_string=f"tags.dataset = '{dataset}' and tags.run_key {key}"
        " and tags.variant IS NOT NULL",
        output_format="list",
    )
    return runs
