import numpy as np
import pytest
from scipy import stats

from autoencoder_lab.images.arrays import Codings, Images
from autoencoder_lab.metrics.likelihood import active_units, binarise, likelihood

N = 40
SHAPE = (3, 2, 1)


@pytest.fixture
def images() -> Images:
    drawn = np.random.default_rng(0).integers(0, 2, (N, *SHAPE)).astype(np.float32)
    drawn.setflags(write=False)
    return drawn


def fair(codings: Codings) -> Images:
    return np.full((len(codings), *SHAPE), 0.5, np.float32)


def by_first_number(codings: Codings) -> Images:
    """Return images whose pixels are white the more probably, the larger the first number is."""
    of_each = 1 / (1 + np.exp(-3 * codings[:, 0]))
    return np.tile(of_each[:, None, None, None], (1, *SHAPE)).astype(np.float32)


def test_codings_of_the_prior_that_say_nothing_leave_the_pixels_own_entropy(images: Images) -> None:
    nothing = np.zeros((N, 4), np.float32)

    bounds = likelihood(images, nothing, nothing, fair, n_draws=5, seed=0)

    entropy = 6 * np.log(2)
    assert bounds == {
        "elbo": pytest.approx(-entropy),
        "iw_bound": pytest.approx(-entropy),
        "rate": 0,
        "distortion": pytest.approx(entropy),
    }


def test_useless_codings_cost_their_divergence(images: Images) -> None:
    means, log_variances = np.full((N, 4), 2, np.float32), np.full((N, 4), -1, np.float32)

    bounds = likelihood(images, means, log_variances, fair, n_draws=5, seed=0)

    rate = 4 * (np.exp(-1) + 4 - 1 + 1) / 2
    assert bounds["rate"] == pytest.approx(rate)
    assert bounds["elbo"] == pytest.approx(-rate - 6 * np.log(2))
    assert bounds["elbo"] < bounds["iw_bound"] < -6 * np.log(2)


def test_many_draws_come_near_to_the_likelihood(images: Images) -> None:
    # Of one number, it can be integrated.
    grid = np.linspace(-6, 6, 2001)
    n_white = images.sum(axis=(1, 2, 3))
    probability = 1 / (1 + np.exp(-3 * grid))
    of_pixels = probability ** n_white[:, None] * (1 - probability) ** (6 - n_white[:, None])
    exact = np.log((of_pixels * stats.norm.pdf(grid)).sum(axis=1) * (grid[1] - grid[0])).mean()
    means = ((n_white - 3) / 4)[:, None].astype(np.float32)
    log_variances = np.full((N, 1), -1, np.float32)

    few, many = (
        likelihood(images, means, log_variances, by_first_number, n_draws=n, seed=0)
        for n in (2, 2000)
    )

    assert many["elbo"] < few["iw_bound"] < exact
    assert many["iw_bound"] == pytest.approx(exact, abs=0.01)
    assert many["elbo"] == pytest.approx(-many["rate"] - many["distortion"])


def test_certain_pixels_that_are_wrong_cost_much_and_not_everything(images: Images) -> None:
    nothing = np.zeros((N, 1), np.float32)

    bounds = likelihood(images, nothing, nothing, lambda codings: 1 - images, n_draws=1, seed=0)

    assert 50 < bounds["distortion"] < 120


def test_images_are_all_measured_however_many_there_are_at_a_time(
    images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    means = np.random.default_rng(1).normal(size=(N, 2)).astype(np.float32)
    log_variances = np.full((N, 2), -1, np.float32)

    def bounds() -> dict[str, float]:
        return likelihood(images, means, log_variances, by_first_number, n_draws=300, seed=0)

    at_once = bounds()
    monkeypatch.setattr("autoencoder_lab.metrics.likelihood.NUMBERS_AT_ONCE", 7 * 300 * 6)

    assert bounds() == pytest.approx(at_once, rel=0.02)  # other draws
    assert bounds() == bounds()


def test_units_that_are_the_same_for_all_images_are_not_active() -> None:
    rng = np.random.default_rng(0)
    means = rng.normal(0, [1, 0.2, 0.05, 0], (1000, 4)).astype(np.float32)

    assert active_units(means) == 2


def test_pixels_are_white_by_their_intensity_and_the_same_for_a_seed() -> None:
    grey = np.full((500, *SHAPE), 0.3, np.float32)

    drawn = binarise(grey, seed=0)

    assert set(np.unique(drawn)) == {0, 1}
    assert drawn.mean() == pytest.approx(0.3, abs=0.02)
    assert np.array_equal(drawn, binarise(grey, seed=0))
    assert not np.array_equal(drawn, binarise(grey, seed=1))
