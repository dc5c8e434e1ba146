import numpy as np
import pytest

from autoencoder_lab.images.arrays import UNLABELLED, Labels
from autoencoder_lab.images.samples import draw_budgets, stratified_order


def test_the_first_few_keep_the_shares_of_the_classes() -> None:
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [600, 300, 100]))

    chosen = stratified_order(labels, seed=0)[:50]

    assert len(set(chosen)) == 50
    counts = np.bincount(labels[chosen])
    assert np.abs(counts - [30, 15, 5]).max() <= 1


@pytest.mark.parametrize("labels", [np.arange(500) % 7, np.full(500, UNLABELLED)])
def test_the_order_is_of_all_images_and_the_seeds(labels: Labels) -> None:
    first, again, other = (stratified_order(labels, seed=seed).tolist() for seed in (1, 1, 2))

    assert first == again != other
    assert sorted(first) == list(range(500)) != first


LABELS = np.random.default_rng(0).permutation(np.repeat([0, 3, 70], [60, 30, 10]))


def test_budgets_are_nested_and_stratified() -> None:
    few, more = (draw_budgets(LABELS, budgets, n_draws=2, seed=0) for budgets in ([20], [20, 50]))

    for drawn, also_drawn in zip(few.draws, more.draws, strict=True):
        assert drawn.images.tolist() == also_drawn.images[:20].tolist()
        assert np.unique(LABELS[drawn.images], return_counts=True)[1].tolist() == [12, 6, 2]
        assert len(set(also_drawn.images)) == 50


def test_each_draw_has_other_images_and_another_seed() -> None:
    draws = draw_budgets(LABELS, [40], n_draws=5, seed=0).draws

    assert [draw.number for draw in draws] == [0, 1, 2, 3, 4]
    assert len({tuple(draw.images) for draw in draws}) == len({draw.seed for draw in draws}) == 5


@pytest.mark.parametrize(
    ("budgets", "usable"),
    [([50, 20], (20, 50)), ([20, 100, 1000, 3000], (20, 100)), ([1, 2, 3, 20], (3, 20))],
    ids=["in order", "capped by the images", "with a label for each class"],
)
def test_budgets_are_those_that_can_be_used(budgets: list[int], usable: tuple[int, ...]) -> None:
    draws = draw_budgets(LABELS, budgets, n_draws=2, seed=0)

    assert draws.budgets == usable
    assert [len(draw.images) for draw in draws.draws] == [usable[-1], usable[-1]]
