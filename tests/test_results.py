from dataclasses import replace

import pandas as pd
import pytest

from autoencoder_lab.arrays import Autoencoder
from autoencoder_lab.results import CellResult, choose


def no_model() -> Autoencoder:
    raise AssertionError("no model is needed to choose results")


FIRST = CellResult(
    dataset="digits",
    variant="stacked",
    seed=1,
    run_key="",
    run_id="first",
    status="FINISHED",
    started=1,
    made_with={"data": "d1", "commit": "c1"},
    parameters={"seed": "1", "evaluation.tsne_images": "9", "training.epochs": "2"},
    metrics={},
    load_few_labels=pd.DataFrame,
    load_model=no_model,
)


def names(results: list[CellResult]) -> tuple[list[str], dict[str, str]]:
    """Return the runs that are compared, and the reason for each other."""
    choice = choose(results)
    return (
        [result.run_id for result in choice.compared],
        {it.result.run_id: it.reason for it in choice.left_out},
    )


def test_what_is_compared_is_sorted_by_variant_and_seed() -> None:
    second = replace(FIRST, seed=2, run_id="second", started=2, parameters={**FIRST.parameters})
    linear = replace(FIRST, variant="linear", seed=7, run_id="linear", started=3)

    assert names([second, linear, FIRST]) == (["linear", "first", "second"], {})


def test_the_latest_finished_run_of_a_cell_counts() -> None:
    later = replace(FIRST, run_id="later", started=3)
    failed = replace(FIRST, run_id="failed", started=4, status="FAILED")

    assert names([later, FIRST, failed]) == (["later"], {})


def test_a_cell_that_never_finished_is_named() -> None:
    failed = replace(FIRST, seed=2, run_id="failed", started=9, status="FAILED")
    earlier = replace(failed, run_id="earlier", started=8, status="KILLED")

    assert names([FIRST, earlier, failed]) == (["first"], {"failed": "its run is FAILED"})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"made_with": {"data": "d1", "commit": "c0"}}, "commit is c0, but c1"),
        ({"made_with": {"data": "d0", "commit": "c1"}}, "data is d0, but d1"),
        (
            {"parameters": {**FIRST.parameters, "evaluation.tsne_images": "5"}},
            "evaluation.tsne_images is 5, but 9",
        ),
        ({"parameters": {"training.epochs": "2"}}, "evaluation.tsne_images is not set, but 9"),
    ],
    ids=["commit", "data", "shared parameter", "parameter that is new"],
)
def test_what_was_made_with_something_else_than_the_latest_is_left_out(
    change: dict[str, dict[str, str]], reason: str
) -> None:
    other = replace(FIRST, variant="tied", run_id="other", started=0, **change)

    compared, left_out = names([FIRST, other])

    assert compared == ["first"]
    assert reason in left_out["other"]
    assert "stacked, seed 1" in left_out["other"]


def test_seeds_of_a_variant_have_the_same_parameters() -> None:
    longer = replace(
        FIRST,
        seed=2,
        run_id="longer",
        started=0,
        parameters={**FIRST.parameters, "seed": "2", "training.epochs": "20"},
    )
    other_variant = replace(longer, variant="tied", run_id="other variant")

    compared, left_out = names([FIRST, longer, other_variant])

    assert compared == ["first", "other variant"]
    assert "training.epochs is 20, but 2 in" in left_out["longer"]


def test_nothing_finished_is_an_error() -> None:
    with pytest.raises(ValueError, match="none of the runs is finished"):
        choose([replace(FIRST, status="FAILED")])
