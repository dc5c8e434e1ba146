import pytest

from autoencoder_lab.comparison.report.numbers import decimals_of, listed, written

NAN = float("nan")


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        ([0.0386, 0.0032], 4),
        ([0.979], 3),
        ([-25.3, 3], 1),
        ([1234.5], 0),
        ([NAN, 0], 0),
        ([], 0),
        ([30, 9], 0),
    ],
)
def test_the_largest_value_has_three_digits(values: list[float], decimals: int) -> None:
    assert decimals_of(values) == decimals


def test_an_interval_is_written_where_there_is_one() -> None:
    assert written(0.01264, 0.00049, 4) == "0.0126 ± 0.0005"
    assert written(-3.14, NAN, 1) == "\N{MINUS SIGN}3.1"
    assert written(51234, 1200, 0) == "51,234 ± 1,200"


def test_no_number_is_written_as_another_that_it_is_not() -> None:
    assert written(0.98, 0.0004, 3) == "0.980 ± <0.001"
    assert written(0.98, 0.0, 3) == "0.980 ± 0.000"
    assert written(-0.0001, NAN, 3) == "0.000"


def test_names_are_listed_as_in_a_sentence() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
