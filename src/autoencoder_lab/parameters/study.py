"""What a study runs."""

from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field

from .types import FolderName, Params, Seed, as_list

Item = TypeVar("Item")

NAMES_CELLS = {"dataset", "seed", "run_key"}


def _require_each_once(items: tuple[Item, ...]) -> tuple[Item, ...]:
    if len(set(items)) < len(items):
        raise ValueError("each only once")
    return items


def _require_others(params: str) -> str:
    keys = [item.partition("=") for item in params.split(",")]
    if not all(key.strip() and equals for key, equals, _ in keys):
        raise ValueError(
            "keys and values, as stacked.training.epochs=20,evaluation.tsne_images=500"
        )
    if NAMES_CELLS & {key.strip() for key, _, _ in keys}:
        raise ValueError(
            "other keys than dataset, seed and run_key, which have options of their own"
        )
    return params


Each = Annotated[
    tuple[Item, ...],
    BeforeValidator(as_list),
    Field(min_length=1),
    AfterValidator(_require_each_once),
]


class StudyParams(Params):
    """Each data set with each variant and each seed, all under one run key."""

    run_key: FolderName
    """The study's name: of its folders and its parent run."""
    datasets: Each[FolderName]
    """Each is run with each variant and seed."""
    variants: Each[str] | None
    """None for all of the base environment."""
    seeds: Each[Seed]
    """Of the runs."""
    params: Annotated[str, AfterValidator(_require_others)] | None
    """Other parameters for all cells, as `kedro run --params` takes them."""
