import numpy as np
import pytest
from scipy import stats

from autoencoder_lab.metrics.intervals import half_width


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 5, 10])
def test_the_interval_holds_the_mean_in_95_of_100_repetitions(n: int) -> None:
    samples = np.random.default_rng(0).normal(3, 2, (4000, n))

    held = [abs(sample.mean() - 3) <= half_width(sample) for sample in samples]

    low, high = stats.binom.interval(0.9999, len(samples), 0.95)
    assert low <= sum(held) <= high


def test_fewer_than_two_values_have_no_interval() -> None:
    assert np.isnan(half_width(np.array([1.0])))
    assert np.isnan(half_width(np.array([])))
