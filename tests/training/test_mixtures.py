import logging

import numpy as np
import pytest

from autoencoder_lab.training.mixtures import fit_mixture


def heaps(n: int, dim: int = 3, seed: int = 0) -> np.ndarray:
    """Return codings in four heaps, along a line."""
    rng = np.random.default_rng(seed)
    codings = rng.normal(0, 0.1, (n, dim)) + np.arange(n)[:, np.newaxis] % 4
    return codings.astype(np.float32)


@pytest.mark.slow
def test_the_validation_codings_choose_the_size() -> None:
    mixture = fit_mixture(heaps(800), heaps(400, seed=1), sizes=(1, 4, 200), seed=0)

    assert mixture.n_components == 4


def test_what_is_drawn_is_where_the_codings_are_and_in_no_order() -> None:
    codings = heaps(800)

    drawn = fit_mixture(codings, heaps(400, seed=1), sizes=(4,), seed=0).draw(2000, seed=1)

    heap = drawn.mean(axis=1).round()
    assert np.abs(drawn - heap[:, np.newaxis]).max() < 0.6
    assert np.bincount(heap.astype(int)) == pytest.approx([500] * 4, rel=0.15)
    assert np.bincount(heap[:500].astype(int)) == pytest.approx([125] * 4, rel=0.35)
    assert codings.min() <= drawn.min() <= drawn.max() <= codings.max()


def test_the_same_seed_draws_the_same() -> None:
    drawn, again, others = (
        fit_mixture(heaps(200), heaps(90, seed=1), sizes=(1, 4), seed=0).draw(50, seed=seed)
        for seed in (1, 1, 2)
    )

    assert drawn.tobytes() == again.tobytes() != others.tobytes()


@pytest.mark.parametrize("shape", [(9, 3), (2, 3), (200, 150), (20, 150), (40, 1)])
def test_few_codings_and_long_ones_are_enough(
    shape: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    codings = heaps(*shape)

    with caplog.at_level(logging.WARNING):
        mixture = fit_mixture(codings, codings, sizes=(1, 10, 50, 100), seed=0)

    drawn = mixture.draw(7, seed=0)
    assert drawn.shape == (7, shape[1])
    assert np.isfinite(drawn).all()
    assert mixture.n_components <= shape[0]
    assert (f"there are {shape[0]} codings" in caplog.text) == (shape[0] < 200)


def test_codings_that_are_all_the_same_are_drawn_as_they_are() -> None:
    same = np.full((50, 3), 0.25, np.float32)

    assert (fit_mixture(same, same, sizes=(1, 10), seed=0).draw(5, seed=0) == 0.25).all()
