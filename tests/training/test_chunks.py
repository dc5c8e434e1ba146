from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from autoencoder_lab.images.arrays import Images
from autoencoder_lab.training.chunks import Chunks, Labelled

BATCH_SIZE = 100
N_IMAGES = 3010
PER_MEGABYTE = 1200  # of 784 bytes, and whole batches


@pytest.fixture(scope="module")
def images() -> Images:
    numbered = np.zeros((N_IMAGES, 14, 14, 1), np.float32)
    numbered[:, 0, 0, 0] = np.arange(N_IMAGES)
    numbered.setflags(write=False)
    return numbered


def numbers(chunks: tf.data.Dataset, n: int) -> Iterator[list[int]]:
    return (chunk[:, 0, 0, 0].numpy().astype(int).tolist() for chunk, *_ in chunks.take(n))


@pytest.mark.parametrize("megabytes", [1, 2, 3])
def test_an_epoch_has_every_image_once_in_an_order_of_its_own(
    megabytes: int, images: Images
) -> None:
    chunks = Chunks(images, BATCH_SIZE, megabytes)

    orders = []
    for seed in (1, 1, 2):
        all_chunks = numbers(chunks.epochs(seed=seed), 2 * len(chunks))
        orders += [list(chain(*islice(all_chunks, len(chunks)))) for _ in range(2)]

    assert all(sorted(order) == list(range(N_IMAGES)) for order in orders)
    assert orders[:2] == orders[2:4]
    assert len({tuple(order) for order in orders}) == 4


def test_a_later_epoch_is_what_it_is_after_those_before(images: Images) -> None:
    chunks = Chunks(images, BATCH_SIZE, megabytes=1)

    third = list(numbers(chunks.epochs(seed=1).skip(2 * len(chunks)), len(chunks)))

    assert list(numbers(chunks.epochs(seed=1, n_before=2), len(chunks))) == third


def test_labelled_images_come_in_an_order_of_their_own_in_each_epoch(images: Images) -> None:
    labelled = Labelled(images[:7], np.arange(7), batch_size=3)
    chunks = Chunks(images, BATCH_SIZE, megabytes=1, labelled=labelled)

    epochs = []
    for seed, n_before in ((1, 0), (1, 1), (2, 0), (1, 0)):
        parts = chunks.epochs(seed=seed, n_before=n_before).take(len(chunks))
        epochs.append(np.concatenate([places.numpy() for *_, places in parts]))

    assert all(places.shape == (31, 3) for places in epochs)
    for places in epochs:
        for start in range(0, 31 * 3 - 7, 7):  # all, and then all again
            assert sorted(places.ravel()[start : start + 7]) == list(range(7))
    first, second, other_seed, again = (places.tolist() for places in epochs)
    assert first == again
    assert first not in (second, other_seed)


def test_chunks_are_of_whole_batches_within_the_limit(images: Images) -> None:
    chunks = Chunks(images, BATCH_SIZE, megabytes=1)

    sizes = [len(order) for order in numbers(chunks.epochs(seed=0), 4)]

    assert sizes == [PER_MEGABYTE, PER_MEGABYTE, N_IMAGES - 2 * PER_MEGABYTE, PER_MEGABYTE]
    assert len(chunks) == 3


def test_a_batch_larger_than_the_limit_is_a_chunk(images: Images) -> None:
    assert Chunks(images, batch_size=2000, megabytes=1).size == 2000


@pytest.mark.parametrize("megabytes", [1, 10])
def test_no_batch_has_the_noise_of_another(megabytes: int, images: Images) -> None:
    chunks = Chunks(images, BATCH_SIZE, megabytes)

    batches = [
        int(first) + number
        for chunk, _, first in chunks.epochs(seed=1).take(2 * len(chunks))
        for number in range(-(-len(chunk) // BATCH_SIZE))
    ]

    assert batches == list(range(2 * 31))


def test_images_in_order_are_all_there_once_and_then_again_with_the_same_noise(
    images: Images,
) -> None:
    chunks = Chunks(images, BATCH_SIZE, megabytes=1)

    twice = chunks.in_order(seed=1).take(2 * len(chunks))

    assert list(chain(*numbers(twice, 6))) == 2 * list(range(N_IMAGES))
    assert len({int(seed) for _, seed, _ in twice}) == 1
    assert [int(first) for *_, first in twice] == 2 * [0, 12, 24]


def test_images_mapped_from_a_file_are_read_like_others(images: Images, tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")

    from_file, in_memory = (
        list(numbers(Chunks(source, BATCH_SIZE, megabytes=1).epochs(seed=1), 3))
        for source in (mapped, images)
    )

    assert from_file == in_memory
