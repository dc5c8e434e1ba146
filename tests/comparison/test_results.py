from dataclasses import replace

import pytest

from autoencoder_lab.comparison.results import CellResult, choose

PARAMETERS = {"seed": "1", "evaluation.tsne_images": "9", "training.epochs": "2"}


@pytest.fixture
def first(cell_result: CellResult) -> CellResult:
    return replace(cell_result, run_id="first", ended=1, parameters=PARAMETERS)


def names(results: list[CellResult]) -> tuple[list[str], dict[str, str]]:
    """Return the runs that are compared, and the reason for each other."""
    choice = choose(results)
    return (
        [result.run_id for result in choice.compared],
        {it.result.run_id: it.reason for it in choice.left_out},
    )


def test_what_is_compared_is_sorted_by_variant_and_seed(first: CellResult) -> None:
    second = replace(first, seed=2, run_id="second", ended=2, parameters={**PARAMETERS})
    linear = replace(first, variant="linear", seed=7, run_id="linear", ended=3)

    assert names([second, linear, first]) == (["linear", "first", "second"], {})


def test_the_latest_finished_run_of_a_cell_counts(first: CellResult) -> None:
    later = replace(first, run_id="later", ended=3)
    failed = replace(first, run_id="failed", ended=4, status="FAILED")

    assert names([later, first, failed]) == (
        ["later"],
        {"failed": "its run is FAILED: the one before is taken"},
    )


def test_a_cell_that_never_finished_is_named(first: CellResult) -> None:
    failed = replace(first, seed=2, run_id="failed", ended=9, status="FAILED")
    earlier = replace(failed, run_id="earlier", ended=8, status="KILLED")

    assert names([first, earlier, failed]) == (["first"], {"failed": "its run is FAILED"})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"made_with": {"data": "1a2b3c4d", "commit": "c0"}}, "commit is c0, but 5e6f7a8b"),
        ({"made_with": {"data": "d0", "commit": "5e6f7a8b"}}, "data is d0, but 1a2b3c4d"),
        (
            {"parameters": {**PARAMETERS, "evaluation.tsne_images": "5"}},
            "evaluation.tsne_images is 5, but 9",
        ),
        ({"parameters": {"training.epochs": "2"}}, "evaluation.tsne_images is not set, but 9"),
    ],
    ids=["commit", "data", "shared parameter", "parameter that is new"],
)
def test_what_was_made_with_something_else_than_the_latest_is_left_out(
    first: CellResult, change: dict[str, dict[str, str]], reason: str
) -> None:
    other = replace(first, variant="stacked", run_id="other", ended=0, **change)

    compared, left_out = names([first, other])

    assert compared == ["first"]
    assert reason in left_out["other"]
    assert "tied, seed 1" in left_out["other"]


def test_seeds_of_a_variant_have_the_same_parameters(first: CellResult) -> None:
    longer = replace(
        first,
        seed=2,
        run_id="longer",
        ended=0,
        parameters={**PARAMETERS, "seed": "2", "training.epochs": "20"},
    )
    other_variant = replace(longer, variant="stacked", run_id="other variant")

    compared, left_out = names([first, longer, other_variant])

    assert compared == ["other variant", "first"]
    assert "training.epochs is 20, but 2 in" in left_out["longer"]


def test_nothing_finished_is_an_error(first: CellResult) -> None:
    with pytest.raises(ValueError, match="none of the runs is finished"):
        choose([replace(first, status="FAILED")])
