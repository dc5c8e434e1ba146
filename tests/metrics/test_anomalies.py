"""How well errors tell anomalies, at the limits that must hold."""

import numpy as np
import pytest

from autoencoder_lab.metrics.anomalies import detection

ANOMALIES = np.arange(4000) % 4 == 0


def test_errors_that_are_larger_for_each_anomaly_are_perfect() -> None:
    errors = np.where(ANOMALIES, 0.5, 0.1) + np.linspace(0, 0.3, 4000)

    assert detection(errors, ANOMALIES) == {"anomaly/auroc": 1, "anomaly/average_precision": 1}


def test_random_errors_are_chance() -> None:
    errors = np.random.default_rng(0).random(4000)

    found = detection(errors, ANOMALIES)

    # 1,000 anomalies and 3,000 others: the standard error is about 0.01.
    assert found["anomaly/auroc"] == pytest.approx(0.5, abs=0.03)
    assert found["anomaly/average_precision"] == pytest.approx(0.25, abs=0.03)


def test_errors_that_are_smaller_for_each_anomaly_are_the_opposite() -> None:
    found = detection(np.where(ANOMALIES, 0.1, 0.5), ANOMALIES)

    assert found["anomaly/auroc"] == 0
    assert found["anomaly/average_precision"] == pytest.approx(0.25)  # all come last, tied


def test_equal_errors_tell_nothing() -> None:
    found = detection(np.full(4000, 0.2), ANOMALIES)

    assert found == {"anomaly/auroc": 0.5, "anomaly/average_precision": 0.25}
