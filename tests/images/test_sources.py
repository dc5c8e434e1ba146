"""Images that are made as they are read."""

from pathlib import Path

import numpy as np
import pytest

from autoencoder_lab.images.arrays import Images, batches
from autoencoder_lab.images.sources import Reconstructions, StoredImages, encode
from autoencoder_lab.models import build
from autoencoder_lab.parameters import DenseParams

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 7, 5, 3), np.uint8)
ROWS = np.random.default_rng(1).permutation(20)[:12]


def test_stored_images_are_scaled_and_in_the_order_of_their_rows() -> None:
    images = StoredImages(PIXELS, ROWS)

    expected = PIXELS[ROWS] / np.float32(255)
    assert images.shape == (12, 7, 5, 3)
    assert len(images) == 12
    np.testing.assert_array_equal(images[:], expected)
    np.testing.assert_array_equal(images[3:7], expected[3:7])
    np.testing.assert_array_equal(images[np.array([5, 2, 2])], expected[[5, 2, 2]])
    np.testing.assert_array_equal(images.first(4)[:], expected[:4])


def test_images_that_are_mapped_from_a_file_are_read_into_plain_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", PIXELS)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")

    some = StoredImages(mapped, ROWS)[:3]

    assert type(some) is np.ndarray
    assert some.flags.writeable


def test_batches_are_all_images_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autoencoder_lab.images.arrays.NUMBERS_AT_ONCE", 5 * PIXELS[0].size)
    images = StoredImages(PIXELS, ROWS)

    parts = list(batches(images))

    assert [len(part) for part in parts] == [5, 5, 2]
    np.testing.assert_array_equal(np.concatenate(parts), images[:])


def test_an_image_may_be_larger_than_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autoencoder_lab.images.arrays.NUMBERS_AT_ONCE", 1)

    assert [len(part) for part in batches(StoredImages(PIXELS, ROWS))] == [1] * 12


@pytest.mark.slow
def test_reconstructions_and_codings_are_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    params = DenseParams(
        family="dense", widths=(9, 4), activation="selu", output_activation="sigmoid"
    )
    model = build(params, (7, 5, 3), seed=0)
    images: Images = StoredImages(PIXELS, ROWS)[:]
    monkeypatch.setattr("autoencoder_lab.images.arrays.NUMBERS_AT_ONCE", 5 * PIXELS[0].size)

    reconstructions = Reconstructions(StoredImages(PIXELS, ROWS), model)

    expected = model.predict(images, batch_size=12, verbose=0)
    np.testing.assert_allclose(reconstructions[2:9], expected[2:9], rtol=1e-5)
    codings = encode(model.get_layer("encoder"), StoredImages(PIXELS, ROWS))
    of_model = model.get_layer("encoder").predict(images, batch_size=12, verbose=0)
    np.testing.assert_allclose(codings, of_model, rtol=1e-5)
