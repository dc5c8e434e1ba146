"""Any data that are written are read back; of any damaged file, a sentence names it."""

import gzip
import hashlib
import io
import struct
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from PIL import Image

from autoencoder_lab.datasets import checksums, idx, image_folder, npz
from autoencoder_lab.datasets.folder_names import split_named
from autoencoder_lab.datasets.forms import Reader
from autoencoder_lab.datasets.listing import list_files

from ..ingest_params import reading_params
from .found import as_arrays

Arrays = dict[str, npt.NDArray[Any]]

bytes_of_images = arrays_of.arrays(np.uint8, st.tuples(*[st.integers(0, 5)] * 3))
numbers = st.one_of(
    arrays_of.integer_dtypes(endianness="?"),
    arrays_of.unsigned_integer_dtypes(endianness="?"),
    arrays_of.floating_dtypes(endianness="?"),
    arrays_of.boolean_dtypes(),
)
any_array = arrays_of.arrays(numbers, arrays_of.array_shapes(min_dims=0, min_side=0, max_side=5))
pictures = arrays_of.arrays(np.uint8, st.just((4, 3)))


@contextmanager
def a_folder() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder)


def read(folder: Path, reader: Reader) -> Arrays:
    return as_arrays(reader(folder, list(list_files(folder, None).stamps), reading_params()))


def idx_bytes(array: npt.NDArray[np.uint8]) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


@pytest.mark.slow
@given(bytes_of_images, st.booleans())
def test_any_bytes_are_read_from_idx(images: npt.NDArray[np.uint8], is_packed: bool) -> None:
    with a_folder() as folder:
        name = f"train-images-idx3-ubyte{'.gz' if is_packed else ''}"
        content = idx_bytes(images)
        (folder / name).write_bytes(gzip.compress(content) if is_packed else content)

        found = read(folder, idx.read)

    np.testing.assert_array_equal(found["train_images"], images)


@settings(max_examples=50)
@given(any_array, any_array, st.sampled_from([np.savez, np.savez_compressed]), st.booleans())
def test_any_arrays_are_read_from_an_archive(
    images: npt.NDArray[Any], labels: npt.NDArray[Any], save: Any, is_fortran: bool
) -> None:
    order = np.asfortranarray if is_fortran else np.asarray
    with a_folder() as folder:
        save(folder / "toys.npz", x_train=order(images), y_train=labels)

        found = read(folder, npz.read)

    np.testing.assert_array_equal(found["train_images"], images)
    np.testing.assert_array_equal(found["train_labels"], labels)


def is_a_label(name: str) -> bool:
    """Whether a folder of this name is one of a class, on any system."""
    is_odd = name.startswith((".", " ")) or "/" in name or not name.isprintable()
    return not is_odd and not split_named(name) and unicodedata.is_normalized("NFC", name)


labels = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=6)


@pytest.mark.slow
@settings(max_examples=15)  # threads take their time
@given(st.lists(st.tuples(labels.filter(is_a_label), pictures), min_size=1, max_size=4))
def test_any_images_and_labels_are_read_from_folders(
    samples: list[tuple[str, npt.NDArray[np.uint8]]],
) -> None:
    with a_folder() as folder:
        for number, (label, pixels) in enumerate(samples):
            (folder / label).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
        files = list(list_files(folder, None).stamps)

        found = image_folder.read(folder, files, reading_params())
        images = found.images["train"].whole()

    expected = [samples[int(Path(file).stem)] for file in files]
    assert [found.class_names[number] for number in found.labels["train"]] == [
        label for label, _ in expected
    ]
    np.testing.assert_array_equal(images[..., 0], [pixels for _, pixels in expected])


@pytest.mark.slow
@given(st.dictionaries(labels.filter(is_a_label), st.binary(max_size=9), min_size=1, max_size=4))
def test_any_files_pass_by_their_own_checksums(contents: dict[str, bytes]) -> None:
    with a_folder() as folder:
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        sums = [
            f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in contents.items()
        ]
        (folder / checksums.FILE_NAME).write_text("".join(sums))

        checksums.verify(folder, can_fetch=False)

        name = next(iter(contents))
        (folder / name).write_bytes(contents[name] + b"more")
        with pytest.raises(ValueError, match="is altered: its SHA-256 is"):
            checksums.verify(folder, can_fetch=False)


IMAGES = np.random.default_rng(0).integers(0, 256, (9, 7, 5), np.uint8)


def packed(save: Any) -> bytes:
    file = io.BytesIO()
    save(file, x_train=IMAGES, y_train=np.arange(9))
    return file.getvalue()


def an_image(ending: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(IMAGES[0]).save(file, ending)
    return file.getvalue()


WHOLE = {
    "train-images-idx3-ubyte": (idx.read, idx_bytes(IMAGES)),
    "train-images-idx3-ubyte.gz": (idx.read, gzip.compress(idx_bytes(IMAGES))),
    "plain.npz": (npz.read, packed(np.savez)),
    "packed.npz": (npz.read, packed(np.savez_compressed)),
    **{
        f"1.{ending}": (image_folder.read, an_image(ending))
        for ending in ("png", "jpeg", "gif", "bmp", "tiff", "webp", "tga", "ppm")
    },
}


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """Draw the name of a file, and its content with some bits flipped and its end cut off."""
    name = draw(st.sampled_from(list(WHOLE)))
    content = bytearray(WHOLE[name][1])
    for bit in draw(st.lists(st.integers(0, 8 * len(content) - 1), max_size=4)):
        content[bit // 8] ^= 1 << bit % 8
    return name, bytes(content[: draw(st.none() | st.integers(0, len(content)))])


@pytest.mark.slow
@given(damaged())
@pytest.mark.filterwarnings("default")  # Pillow's, of odd files: they are shown
def test_a_damaged_file_is_named_or_holds_what_it_says(file: tuple[str, bytes]) -> None:
    name, content = file
    reader, _ = WHOLE[name]
    with a_folder() as folder:
        (folder / name).write_bytes(content)
        try:
            found = reader(folder, [name], reading_params())
            for images in found.images.values():
                assert images.whole().shape == images.shape
        except ValueError as error:
            message = str(error)
        else:
            message = name

    assert name in message
