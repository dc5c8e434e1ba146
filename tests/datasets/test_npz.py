"""Reading NumPy archives."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from autoencoder_lab.datasets import npz
from autoencoder_lab.datasets.blocks import FoundArray

from ..ingest_params import reading_params
from .found import as_arrays

IMAGES = np.random.default_rng(0).integers(0, 256, (8, 7, 5, 3), np.uint8)
LABELS = np.arange(8)


def read(folder: Path, *files: Path) -> dict[str, FoundArray]:
    return as_arrays(npz.read(folder, [file.name for file in files], reading_params()))


@pytest.mark.parametrize(
    "keys",
    [npz.KEYS, npz.MEDMNIST_KEYS, npz.KERAS_KEYS],
    ids=["ours", "those of MedMNIST", "those of Keras"],
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_all_spellings_are_read(tmp_path: Path, keys: tuple[str, ...], save: type) -> None:
    file = tmp_path / "toys.npz"
    arrays = (IMAGES, LABELS, IMAGES[:4], LABELS[:4], IMAGES[:3], LABELS[:3])
    save(file, **dict(zip(keys, arrays, strict=True)))

    found = read(tmp_path, file)

    for key, expected in zip(npz.KEYS, arrays, strict=True):
        np.testing.assert_array_equal(found[key], expected)


def test_only_training_images_are_needed(tmp_path: Path) -> None:
    np.savez(tmp_path / "toys.npz", x_train=IMAGES)

    found = read(tmp_path, tmp_path / "toys.npz")

    assert list(found) == ["train_images"]


def test_a_header_that_promises_more_than_there_is_is_an_error_before_it_is_believed(
    tmp_path: Path,
) -> None:
    file = tmp_path / "toys.npz"
    header = {"descr": "|u1", "fortran_order": False, "shape": (2**31, 2**15, 2**15)}
    with zipfile.ZipFile(file, "w") as archive, archive.open("x_train.npy", "w") as member:
        np.lib.format.write_array_header_2_0(member, header)

    with pytest.raises(ValueError, match=r"toys.npz: key x_train .*of 23058430092136"):
        read(tmp_path, file)


def npy_bytes(header: str, version: int = 1) -> bytes:
    """Return an array's file with a header of one's choice, and nothing after it."""
    start = b"\x93NUMPY" + bytes([version, 0])
    return start + len(header).to_bytes(2 * version, "little") + header.encode()


def an_array(shape: str, dtype: str = "|u1") -> str:
    return f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}"


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': (",
        "{'descr': (), 'fortran_order': False, 'shape': (9,)}",
        "(" * 9999,
        "-" * 9999 + "1",
        "1" * 9999,
        "",
        an_array("(3, -1)"),
        an_array("(-3,)"),
        an_array(f"(0, {2**40}, {2**40})"),
        an_array(f"({65 * '1, '})"),
        an_array("(9,)", "<U999999999"),
        an_array("(9,)", "|V0"),
    ],
    ids=lambda header: header[:80],
)
@pytest.mark.parametrize("key", ["x_train", "y_train"])
def test_a_header_that_no_array_has_is_an_error(tmp_path: Path, key: str, header: str) -> None:
    images = io.BytesIO()
    np.save(images, IMAGES)
    with zipfile.ZipFile(tmp_path / "toys.npz", "w") as archive:
        for name, content in {"x_train": images.getvalue(), key: npy_bytes(header)}.items():
            archive.writestr(f"{name}.npy", content)

    with pytest.raises(ValueError, match=rf"toys\.npz: key {key} cannot be read \(.+\); allowed"):
        read(tmp_path, tmp_path / "toys.npz")


def test_an_archive_that_lies_about_a_size_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "toys.npz"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x_train.npy", npy_bytes(an_array(f"(1, {2**20}, {2**11})")))
        archive.getinfo("x_train.npy").file_size = 2**31 + 2**20

    with pytest.raises(ValueError, match=r"toys\.npz: key x_train .* bytes, of 2147483\d+ by its"):
        read(tmp_path, file)


def test_many_labels_of_no_size_take_no_time(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "toys.npz", "w") as archive:
        for key in ("x_train", "y_train"):
            archive.writestr(f"{key}.npy", npy_bytes(an_array(f"({10**17}, 0)")))

    assert npz.read(tmp_path, ["toys.npz"], reading_params()).labels["train"].size == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"x_train.npy", b"x_tra\xffn.npy"), (b"PK\1\2\x14\x03\x14", b"PK\1\2\x14\x03\xff")],
    ids=["a name that is no text", "a later version of zip"],
)
def test_an_archives_broken_table_is_an_error(tmp_path: Path, old: bytes, new: bytes) -> None:
    file = tmp_path / "toys.npz"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x_train.npy", "")
        archive.getinfo("x_train.npy").flag_bits |= 0x800
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new))

    with pytest.raises(ValueError, match=r"toys\.npz is not a whole zip archive of arrays"):
        read(tmp_path, file)


def test_an_array_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autoencoder_lab.datasets.blocks.BYTES_AT_ONCE", 3 * IMAGES[0].nbytes)
    np.savez_compressed(tmp_path / "toys.npz", x_train=IMAGES)

    images = npz.read(tmp_path, ["toys.npz"], reading_params()).images["train"]

    assert [len(block) for block in images.read()] == [3, 3, 2]
    np.testing.assert_array_equal(images.whole(), IMAGES)


def test_columns_first_is_read_as_any_other_order(tmp_path: Path) -> None:
    np.savez(tmp_path / "toys.npz", x_train=np.asfortranarray(IMAGES))

    np.testing.assert_array_equal(read(tmp_path, tmp_path / "toys.npz")["train_images"], IMAGES)


def test_other_keys_are_named_in_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    np.savez(tmp_path / "toys.npz", train_images=IMAGES, extra_images=IMAGES)

    read(tmp_path, tmp_path / "toys.npz")

    assert "these keys are not read: extra_images" in caplog.text


@pytest.mark.parametrize(
    ("keys", "listed"),
    [
        (["labels", "y_test"], "labels, y_test"),
        (["train_images", "x_train"], "train_images, x_train"),
        ([], r"\(none\)"),
    ],
    ids=["no images", "both spellings", "empty"],
)
def test_unclear_keys_are_an_error(tmp_path: Path, keys: list[str], listed: str) -> None:
    np.savez(tmp_path / "toys.npz", **dict.fromkeys(keys, IMAGES))

    with pytest.raises(ValueError, match=rf"toys.npz has the keys {listed}; allowed: train_images"):
        read(tmp_path, tmp_path / "toys.npz")


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (tmp_path / "sprung").touch, ()

    np.savez(tmp_path / "toys.npz", train_images=IMAGES, train_labels=np.array([Trap()]))

    with pytest.raises(
        ValueError, match=r"toys.npz: key train_labels cannot be read \(it holds Python"
    ):
        read(tmp_path, tmp_path / "toys.npz")

    assert not (tmp_path / "sprung").exists()


def test_a_member_that_is_no_array_is_an_error(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "toys.npz", "w") as archive:
        archive.writestr("train_images", "no array")

    with pytest.raises(ValueError, match=r"toys.npz: key train_images is no array"):
        read(tmp_path, tmp_path / "toys.npz")


def test_a_damaged_member_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "toys.npz"
    np.savez(file, train_images=IMAGES)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)

    with pytest.raises(ValueError, match=r"toys.npz: key train_images cannot be read \(Bad CRC"):
        read(tmp_path, file)


def test_what_is_no_archive_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "toys.npz"
    np.savez(file, train_images=IMAGES)
    archive = file.read_bytes()
    np.save(tmp_path / "toys.npy", IMAGES)
    array = (tmp_path / "toys.npy").read_bytes()

    for content in (archive[:-30], array, b"text", b""):
        file.write_bytes(content)

        with pytest.raises(ValueError, match=r"toys.npz is not a whole zip archive of arrays"):
            read(tmp_path, file)


def test_several_archives_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds a.npz, b.npz; allowed: one .npz"):
        read(tmp_path, tmp_path / "a.npz", tmp_path / "b.npz")
