from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from autoencoder_lab.comparison.repetition import (
    compare_values,
    compare_with_earlier,
    say_how_it_repeats,
)
from autoencoder_lab.comparison.results import CellResult
from autoencoder_lab.comparison.tolerance import within

NAN = float("nan")
VALUES = {("test/mse", 0): 0.1, ("val/loss", 1): 0.5, ("val/loss", 2): NAN}


def with_values(
    result: CellResult,
    values: Mapping[tuple[str, int], float],
    earlier: Sequence[CellResult] = (),
    **changes: object,
) -> CellResult:
    return replace(
        result,
        load_values=lambda: values,
        load_earlier=lambda: earlier,
        **changes,  # type: ignore[arg-type]
    )


def test_values_that_are_not_equal_come_first() -> None:
    again = {**VALUES, ("val/loss", 1): 0.25}

    compared = compare_values(VALUES, again, within(0))

    assert compared.iloc[0].tolist() == ["val/loss", 1, 0.5, 0.25, -0.25, False]
    assert compared["is_equal"].tolist() == [False, True, True]


def test_the_same_again_is_said_to_be_equal(cell_result: CellResult) -> None:
    monday = with_values(cell_result, VALUES, run_key="monday")
    tuesday = [
        with_values(cell_result, VALUES, [monday], run_key="tuesday", seed=seed) for seed in (1, 2)
    ]

    cells = compare_with_earlier(tuesday)

    assert say_how_it_repeats(cells) == (
        "All 6 values of 2 cells are equal to those of monday, bit for bit."
    )


def test_a_last_digit_is_noticed(cell_result: CellResult) -> None:
    monday = with_values(cell_result, VALUES, run_key="monday")
    other = {**VALUES, ("test/mse", 0): 0.1 * (1 + 1e-15)}

    cells = compare_with_earlier([with_values(cell_result, other, [monday])])

    assert say_how_it_repeats(cells) == (
        "1 of 3 values of 1 cell differ from those of monday, made from the same: look at tied, "
        "seed 1."
    )


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        (
            {"made_with": {"data": "9f9f9f9f", "commit": "5e6f7a8b"}},
            "data is 9f9f9f9f, but 1a2b3c4d",
        ),
        ({"parameters": {"training.epochs": "2"}}, "training.epochs is 2, but not set"),
    ],
    ids=["data", "parameters"],
)
def test_what_is_made_from_something_else_is_named_and_not_compared(
    cell_result: CellResult, changes: Mapping[str, object], cause: str
) -> None:
    monday = with_values(cell_result, VALUES, run_key="monday")
    tuesday = with_values(cell_result, {}, [monday], run_key="tuesday", **changes)

    cells = compare_with_earlier([tuesday])

    assert say_how_it_repeats(cells) == (
        f"1 cell is made from something else than in monday: {cause} there."
    )


def test_an_occasion_of_other_settings_in_between_is_passed_over(cell_result: CellResult) -> None:
    monday = with_values(cell_result, VALUES, run_key="monday")
    trial = with_values(cell_result, {}, run_key="trial", parameters={"training.epochs": "2"})

    cells = compare_with_earlier([with_values(cell_result, VALUES, [trial, monday])])

    assert cells["earlier"].tolist() == ["monday"]


def test_the_first_of_all_has_nothing_to_compare_with(cell_result: CellResult) -> None:
    cells = compare_with_earlier([with_values(cell_result, VALUES)])

    assert say_how_it_repeats(cells) == "There is nothing earlier to compare with."
