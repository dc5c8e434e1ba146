import numpy as np
import pytest

from autoencoder_lab.arrays import UNLABELLED, Labels
from autoencoder_lab.samples import stratified_order


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
