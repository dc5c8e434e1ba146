"""Finding runs by their tags: all pages of them where all are needed, and no more than are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run, ViewType
from mlflow.store.entities import PagedList

T = TypeVar("T")

RUN_KEY = "run_key"

OLDEST_FIRST = ("attributes.start_time ASC", "attributes.run_id ASC")
NEWEST_FIRST = ("attributes.start_time DESC", "attributes.run_id DESC")

PAGE = 1000
"""Runs in a page of a search for all; MLflow's client returns so many, and not a word of more."""

ALL = 100_000
"""MLflow's own bound where it reads all pages by itself."""


def search(client: MlflowClient, experiment_id: str, tags: Mapping[str, str]) -> list[Run]:
    """Return the runs with these tags, oldest first."""
    return list(find_runs(client, experiment_id, having(tags)))


def find_runs(
    client: MlflowClient,
    experiment_id: str,
    condition: str,
    *,
    order_by: Sequence[str] = OLDEST_FIRST,
    page: int = PAGE,
    view: int = ViewType.ACTIVE_ONLY,
) -> Iterator[Run]:
    """Give the runs for which a condition holds; each page is read once it is needed.

    A run comes with all of its metrics, parameters and tags: whoever may stop after a few asks for
    small pages.
    """
    return all_pages(
        lambda token: client.search_runs([experiment_id], condition, view, page, [*order_by], token)
    )


def all_pages(search_page: Callable[[str | None], PagedList[T]]) -> Iterator[T]:
    """Yield what a search finds; each page is read, by the token before it, once it is needed."""
    token = None
    while True:
        page = search_page(token)
        yield from page
        token = page.token
        if not token:
            return


def find_cell_runs(
    dataset: str,
    run_key: str | None,
    *conditions: str,
    order_by: Sequence[str] = NEWEST_FIRST,
    most: int = ALL,
) -> list[Run]:
    """Return the runs of a data set's cells, of the experiment in use."""
    runs: list[Run] = mlflow.search_runs(
        filter_string=" and ".join(
            [
                having({"dataset": dataset}),
                of_run_key(run_key),
                "tags.variant IS NOT NULL",
                *conditions,
            ]
        ),
        max_results=most,
        order_by=[*order_by],
        output_format="list",
    )
    return runs


def having(tags: Mapping[str, str]) -> str:
    """Return the condition that a run has these tags."""
    return " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items())


def of_run_key(run_key: str | None) -> str:
    """Return the condition that a run is of a run key, or of none."""
    return f"tags.{RUN_KEY} IS NULL" if run_key is None else having({RUN_KEY: run_key})


def ended_as(status: str) -> str:
    """Return the condition that a run has this status."""
    return f"attributes.status = '{status}'"
