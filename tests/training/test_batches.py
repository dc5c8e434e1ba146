import numpy as np

from autoencoder_lab.training.batches import shuffled_batches


def epoch(batches: object) -> list[np.ndarray]:
    return [np.stack(batch, axis=1) for batch in batches.as_numpy_iterator()]


def test_an_epoch_has_every_pair_once() -> None:
    inputs = np.arange(23)

    batches = epoch(shuffled_batches(inputs, 10 * inputs, batch_size=5, seed=0))

    pairs = np.concatenate(batches)
    assert [len(batch) for batch in batches] == [5, 5, 5, 5, 3]
    np.testing.assert_array_equal(pairs[:, 1], 10 * pairs[:, 0])
    np.testing.assert_array_equal(np.sort(pairs[:, 0]), inputs)


def test_epochs_differ_and_repeat_by_seed() -> None:
    inputs = np.arange(23)
    streams = [shuffled_batches(inputs, inputs, batch_size=23, seed=seed) for seed in (1, 1, 2)]

    orders = [[tuple(epoch(stream)[0][:, 0]) for _ in range(2)] for stream in streams]

    assert orders[0] == orders[1]
    assert len({orders[0][0], orders[0][1], orders[2][0], orders[2][1]}) == 4
