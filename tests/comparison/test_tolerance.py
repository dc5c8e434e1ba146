import math

import pytest

from autoencoder_lab.comparison.tolerance import BETWEEN_PROCESSORS, within
from autoencoder_lab.metrics import contract

ERRORS = ("test/mse", "validation/bce", "denoise/gaussian_0.5/psnr_gain", "samples_real/frechet")


@pytest.mark.parametrize(
    ("relative", "change", "is_allowed"),
    [(0, 0, True), (0, 1e-15, False), (1e-6, 1e-7, True), (1e-6, 1e-5, False)],
)
def test_one_number_is_of_all_metrics_and_relative(
    relative: float, change: float, is_allowed: bool
) -> None:
    assert within(relative).allows("val/loss", 500, 500 * (1 + change)) is is_allowed


@pytest.mark.parametrize("key", ERRORS)
def test_errors_are_the_same_to_the_fifth_digit_on_all_processors(key: str) -> None:
    assert BETWEEN_PROCESSORS.allows(key, 0.02, 0.02 * (1 + 1e-6))
    assert not BETWEEN_PROCESSORS.allows(key, 0.02, 0.02 * (1 + 1e-4))


@pytest.mark.parametrize("key", ["probe/linear_accuracy", "pretraining/gain", "semi/accuracy"])
def test_accuracies_may_differ_by_some_images_also_where_they_are_small(key: str) -> None:
    assert BETWEEN_PROCESSORS.allows(key, 0.001, -0.005)
    assert not BETWEEN_PROCESSORS.allows(key, 0.90, 0.95)


def test_the_longest_beginning_of_a_key_counts() -> None:
    assert BETWEEN_PROCESSORS.allows("pretraining/gain_interval", 0.1, 0.2)
    assert not BETWEEN_PROCESSORS.allows("pretraining/gain", 0.1, 0.2)


def test_nan_is_within_no_tolerance() -> None:
    assert not BETWEEN_PROCESSORS.allows("test/mse", math.nan, math.nan)


def test_what_it_names_begins_metrics_of_the_contract() -> None:
    named = {*BETWEEN_PROCESSORS.relative, *BETWEEN_PROCESSORS.absolute}
    keys = [metric.key for metric in contract.METRICS]

    assert [name for name in named if not any(key.startswith(name) for key in keys)] == []
