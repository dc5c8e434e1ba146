import numpy as np

from autoencoder_lab.commands.apply.predictions import Made
from autoencoder_lab.commands.apply.run import Worst

N = 40


def test_the_worst_of_all_parts_are_kept_and_nothing_else() -> None:
    errors = np.random.default_rng(0).permutation(N).astype(np.float64)
    images = errors.astype(np.float32)[:, np.newaxis, np.newaxis, np.newaxis] * np.ones((3, 3, 1))
    worst = Worst()

    for start in range(0, N, 8):
        part = slice(start, start + 8)
        worst.add(start, images[part], Made({}, -images[part], errors[part]))

    (_, kept), (_, reconstructions) = worst.rows
    assert kept[:, 0, 0, 0].tolist() == list(range(N - 1, N - 13, -1))
    np.testing.assert_array_equal(reconstructions, -kept)
    assert all(image.base is None for _, _, image, _ in worst._heap)


def test_of_a_model_without_a_decoder_there_are_none() -> None:
    worst = Worst()

    worst.add(0, np.zeros((3, 3, 3, 1), np.float32), Made({}, None, None))

    assert worst.rows == []
