"""Reading IDX files."""

import gzip
import os
import re
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from autoencoder_lab.datasets import idx
from autoencoder_lab.datasets.blocks import FoundArray

from ..ingest_params import reading_params
from .found import as_arrays

GREY = np.random.default_rng(0).integers(0, 256, (8, 7, 5), np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (8, 7, 5, 3), np.uint8)
LABELS = np.arange(8, dtype=np.uint8)


def idx_bytes(array: npt.NDArray[np.uint8]) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def read(folder: Path, **contents: bytes) -> dict[str, FoundArray]:
    """Write files, whose names have - for _ and . for __, and read them."""
    for name, content in contents.items():
        (folder / name.replace("__", ".").replace("_", "-")).write_bytes(content)
    return as_arrays(idx.read(folder, sorted(os.listdir(folder)), reading_params()))


def test_plain_and_compressed_files_are_read(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        train_images_idx3_ubyte__gz=gzip.compress(idx_bytes(GREY)),
        train_labels_idx1_ubyte=idx_bytes(LABELS),
        t10k_images_idx3_ubyte=idx_bytes(GREY[:3]),
        t10k_labels_idx1_ubyte__gz=gzip.compress(idx_bytes(LABELS[:3])),
    )

    np.testing.assert_array_equal(found["train_images"], GREY)
    np.testing.assert_array_equal(found["train_labels"], LABELS)
    np.testing.assert_array_equal(found["test_images"], GREY[:3])
    np.testing.assert_array_equal(found["test_labels"], LABELS[:3])


@pytest.mark.parametrize(
    "name",
    [
        "train-images.idx3-ubyte",
        "emnist-letters-train-images-idx3-ubyte",
        "TRAIN-IMAGES-IDX3-UBYTE.GZ",
        "affnist_train-images.idx3-ubyte.gz",
    ],
)
def test_names_as_they_are_found_are_read(tmp_path: Path, name: str) -> None:
    content = idx_bytes(GREY)
    (tmp_path / name).write_bytes(gzip.compress(content) if "gz" in name.lower() else content)

    assert idx.FILE_NAMES.fullmatch(name)
    found = as_arrays(idx.read(tmp_path, [name], reading_params()))
    np.testing.assert_array_equal(found["train_images"], GREY)


@pytest.mark.parametrize("ending", ["", "__gz"])
def test_a_header_that_promises_more_than_there_can_be_is_an_error_before_it_is_believed(
    tmp_path: Path, ending: str
) -> None:
    header = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**31, 2**15, 2**15)
    content = gzip.compress(header) if ending else header

    with pytest.raises(
        ValueError, match=r"train-images-idx3-ubyte\S* holds .* says 230584300921369"
    ):
        read(tmp_path, **{f"train_images_idx3_ubyte{ending}": content})


def test_colour_images_have_a_fourth_dimension(tmp_path: Path) -> None:
    found = read(tmp_path, train_images_idx4_ubyte=idx_bytes(COLOUR))

    np.testing.assert_array_equal(found["train_images"], COLOUR)


@pytest.mark.parametrize("split", ["train", "test"])
def test_images_of_one_split_are_enough(tmp_path: Path, split: str) -> None:
    found = read(tmp_path, **{f"{split}_images_idx3_ubyte": idx_bytes(GREY)})

    assert list(found) == [f"{split}_images"]


def test_images_are_needed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="train-labels-idx1-ubyte; needed: images, as train-"):
        read(tmp_path, train_labels_idx1_ubyte=idx_bytes(LABELS))


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("train_images_idx3_ubyte", "train_images_idx3_ubyte__gz"),
        ("t10k_images_idx3_ubyte", "test_images_idx3_ubyte"),
        ("train_images_idx3_ubyte", "train_images_idx4_ubyte"),
    ],
)
def test_two_files_for_the_same_array_are_an_error(tmp_path: Path, name: str, other: str) -> None:
    contents = {"train_images_idx3_ubyte": b"", name: b"", other: b""}

    with pytest.raises(ValueError, match=r"-images-idx\S+, \S+-images-idx.*allowed: one of these"):
        read(tmp_path, **contents)


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        (b"", r"begins with the bytes \(none\); allowed: 00 00 08 03"),
        (idx_bytes(LABELS), "begins with the bytes 00 00 08 01; allowed: 00 00 08 03"),
        (b"\0\0\x0d\x03" + bytes(16), "begins with the bytes 00 00 0d 03; allowed: 00 00 08 03"),
        (idx_bytes(GREY)[:13], "holds 13 bytes; its header alone has 16"),
        (
            idx_bytes(GREY)[:-1],
            r"holds 295 bytes at most; its header, of sizes \(8, 7, 5\), says 296",
        ),
        (idx_bytes(GREY) + b"\0", r"holds 297 bytes; its header, of sizes \(8, 7, 5\), says 296"),
    ],
    ids=["empty", "labels", "floats", "half a header", "truncated", "overlong"],
)
def test_a_file_that_is_not_what_its_header_says_is_an_error(
    tmp_path: Path, content: bytes, facts: str
) -> None:
    name = re.escape(str(tmp_path / "train-images-idx3-ubyte"))

    with pytest.raises(ValueError, match=f"{name} {facts}"):
        read(tmp_path, train_images_idx3_ubyte=content)


def damaged(content: bytes) -> bytes:
    return content[:40] + bytes(byte ^ 0xFF for byte in content[40:60]) + content[60:]


@pytest.mark.parametrize(
    "content",
    [b"no gzip", gzip.compress(idx_bytes(GREY))[:-9], damaged(gzip.compress(idx_bytes(GREY)))],
    ids=["not gzip", "truncated", "damaged"],
)
def test_a_broken_gzip_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte.gz is no whole gzip file: \w+"):
        read(tmp_path, train_images_idx3_ubyte__gz=content)
