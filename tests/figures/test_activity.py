import numpy as np
import pytest

from autoencoder_lab.figures.activity import codings_activity


def test_units_that_vary_are_active() -> None:
    codings = np.random.default_rng(0).normal(size=(500, 8)).astype(np.float32)
    codings[:, [2, 5]] = 0.7  # as a unit that a penalty has switched off
    codings[:, 3] *= 0.05

    figure = codings_activity(codings, title="Codings")
    of_values, of_units = figure.axes

    assert figure.get_suptitle() == "Codings: 5 of 8 units active (62%)"
    assert sum(bar.get_height() for bar in of_values.patches) == 500 * 8
    variances, limit = (line.get_ydata() for line in of_units.lines)
    assert (np.asarray(variances) > limit[0]).sum() == 5
    assert variances[0] == pytest.approx(codings.var(axis=0).max())


@pytest.mark.parametrize("step", [0, 1e-7])
def test_codings_that_never_or_hardly_change_are_drawn(step: float) -> None:
    codings = np.ones((20, 3), np.float32)
    codings[0] -= step

    figure = codings_activity(codings, title="Codings")

    assert figure.get_suptitle() == "Codings: 0 of 3 units active (0%)"
