"""The runs of cells that a comparison may need, of a store that keeps all of them."""

from mlflow.entities import Run

from autoencoder_lab.comparison.results import FINISHED
from autoencoder_lab.tracking.runs.search import ended_as, find_cell_runs, having

MOST_OTHERS = 200
"""Runs that are read in any case, the latest: those made from something else are named."""

LATEST_FIRST = ("attributes.end_time DESC", "attributes.run_id DESC")
EARLIEST_FIRST = ("attributes.end_time ASC",)


def find_recent(dataset: str, run_key: str | None, *, most_others: int = MOST_OTHERS) -> list[Run]:
    """Return the runs of a data set's cells among which those to compare are.

    Under a run key, these are all, one a cell. Of runs without one, a store may hold the work of
    years: the latest are read, and whatever ended since the first that was made from the same data
    and code as the latest that is finished. What is older is compared with nothing, and is not the
    latest of its cell either.
    """
    if run_key is not None:
        return find_cell_runs(dataset, run_key)
    latest = find_cell_runs(
        dataset, None, "attributes.status != 'RUNNING'", order_by=LATEST_FIRST, most=most_others
    )
    running = find_cell_runs(dataset, None, ended_as("RUNNING"))
    if len(latest) < most_others:
        return [*running, *latest]
    finished = [run for run in latest if run.info.status == FINISHED and not why_foreign(run)]
    if not finished:
        return find_cell_runs(dataset, None)
    [first] = find_cell_runs(
        dataset, None, ended_as(FINISHED), made_like(finished[0]), order_by=EARLIEST_FIRST, most=1
    )
    read = {run.info.run_id for run in latest}
    since = f"attributes.end_time >= {first.info.end_time}"
    until = f"attributes.end_time <= {latest[-1].info.end_time}"
    earlier = find_cell_runs(dataset, None, since, until, order_by=LATEST_FIRST)
    return [*running, *latest, *(run for run in earlier if run.info.run_id not in read)]


def why_foreign(run: Run) -> str:
    """Return why a run is no result of this project, as one that somebody made by hand."""
    seed = run.data.tags.get("seed", "")
    if not seed.isdecimal():
        return f"its seed is {seed or 'not set'}"
    return "" if run.data.tags.get("data_digest") else "it names no data"


def made_like(run: Run) -> str:
    """Return the condition that another run was made from the same data and code as this one."""
    tags = run.data.tags
    code = "code_digest" if tags.get("code_digest") else "git_commit"  # of before there was one
    return having({key: tags[key] for key in ("data_digest", code) if key in tags})
