import numpy as np

from autoencoder_lab.pipelines.pretraining.budgets import choose_labelled


def test_chosen_labels_keep_the_shares_of_the_classes() -> None:
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [600, 300, 100]))

    chosen = choose_labelled(labels, 50, seed=0)

    assert len(set(chosen)) == 50
    counts = np.bincount(labels[chosen])
    assert np.abs(counts - [30, 15, 5]).max() <= 1


def test_smaller_budgets_are_parts_of_larger_ones() -> None:
    labels = np.arange(500) % 7

    small, large = (set(choose_labelled(labels, n, seed=1)) for n in (20, 100))

    assert small < large
    assert small != set(choose_labelled(labels, 20, seed=2))
