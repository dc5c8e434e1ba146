"""The Kedro dataset over a data set's folder."""

import hashlib
import io
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kedro.io import DataCatalog, DatasetError
from PIL import Image
from upath import UPath

from autoencoder_lab.datasets import RawImagesDataset, pictures
from autoencoder_lab.images.arrays import UNLABELLED, RawImages

from ..ingest_params import AS_THEY_ARE

MNIST = Path(__file__).parents[2] / "data" / "01_raw" / "mnist"
IMAGES = np.random.default_rng(0).integers(0, 256, (9, 7, 5, 3), np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder of a data set called toys."""
    folder = tmp_path / "toys"
    folder.mkdir()
    return folder


def dataset(
    folder: Path, downloads: dict[str, str] | None = None, **reading: object
) -> RawImagesDataset:
    return RawImagesDataset(
        filepath=str(folder),
        path=str(folder.parent / "arrays"),
        reading=AS_THEY_ARE | reading,
        downloads=downloads,
    )


def load(folder: Path, downloads: dict[str, str] | None = None, **reading: object) -> RawImages:
    return dataset(folder, downloads, **reading).load()


def test_the_committed_mnist_is_whole() -> None:
    raw_images = load(MNIST)

    assert raw_images.train_images.shape == (60_000, 28, 28, 1)
    assert np.bincount(raw_images.train_labels).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert raw_images.test_images.shape == (10_000, 28, 28, 1)
    assert np.bincount(raw_images.test_labels).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip
    assert raw_images.train_images.dtype == np.uint8


def test_all_files_of_mnist_have_their_checksums_listed() -> None:
    sums = [
        (hashlib.sha256(file.read_bytes()).hexdigest(), file.name)
        for file in sorted(MNIST.glob("*.gz"))
    ]
    readme = (MNIST / "README.md").read_text()

    assert (MNIST / "SHA256SUMS").read_text() == "".join(f"{sha}  {name}\n" for sha, name in sums)
    assert [sha for sha, _ in sums if sha not in readme] == []


def test_digits_need_no_folder(tmp_path: Path) -> None:
    raw_images = load(tmp_path / "digits")

    assert raw_images.train_images.shape == (1797, 8, 8, 1)
    assert raw_images.train_images.dtype == np.float32
    assert (raw_images.train_images.min(), raw_images.train_images.max()) == (0, 1)
    assert np.unique(raw_images.train_labels).tolist() == list(range(10))
    assert raw_images.test_images is None


def test_a_folder_called_digits_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "digits").mkdir()
    np.savez(tmp_path / "digits" / "mine.npz", x_train=IMAGES)

    with pytest.raises(DatasetError, match="dataset is 'digits', which is scikit-learn's, but"):
        load(tmp_path / "digits")


def test_an_archive_is_read_beside_a_readme_and_dotfiles(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    np.savez(folder / "toys.npz", x_train=IMAGES)
    for name in ("README.md", "readme.png", ".DS_Store", ".hidden.png"):
        (folder / name).touch()

    raw_images = load(folder)

    np.testing.assert_array_equal(raw_images.train_images, IMAGES)
    assert raw_images.train_labels.tolist() == [UNLABELLED] * 9
    assert caplog.text == ""


def test_files_that_are_not_read_are_named_in_a_warning(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    np.savez(folder / "toys.npz", x_train=IMAGES)
    (folder / "labels.csv").touch()

    load(folder)

    assert "these files are not read: labels.csv" in caplog.text


def test_images_in_a_linked_folder_are_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    for n in range(9):
        Image.fromarray(IMAGES[n]).save(tmp_path / "elsewhere" / f"{n}.png")
    (folder / "cat").symlink_to(tmp_path / "elsewhere")

    raw_images = load(folder)

    np.testing.assert_array_equal(raw_images.train_images, IMAGES)
    assert raw_images.train_labels.tolist() == [0] * 9


def test_an_unknown_name_is_an_error_that_lists_the_known(tmp_path: Path) -> None:
    for name in ("zoo", "clothes", "empty"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "README.md").touch()
    np.savez(tmp_path / "zoo" / "zoo.npz", x_train=IMAGES)

    with pytest.raises(DatasetError) as caught:
        load(tmp_path / "zooo", downloads={"clothes": "http://127.0.0.1"})

    assert isinstance(caught.value.__cause__, ValueError)
    assert str(caught.value.__cause__) == (
        f"dataset is 'zooo'; allowed: clothes, digits, zoo (or add a folder {tmp_path / 'zooo'} "
        "with IDX files, one .npz, or images)"
    )


def test_an_empty_folder_is_an_error(folder: Path) -> None:
    (folder / "README.md").touch()

    with pytest.raises(DatasetError, match=r"toys holds no files; allowed: IDX files, one .npz"):
        load(folder)


def test_a_folder_without_images_is_an_error_that_lists_its_files(folder: Path) -> None:
    (folder / "train-images.gz").touch()
    (folder / "raw").mkdir()
    (folder / "raw" / "toys.npz").touch()

    with pytest.raises(DatasetError, match=r"holds raw/toys.npz, train-images.gz; allowed: IDX"):
        load(folder)


def test_photographs_in_a_form_of_phones_are_named_with_what_to_do(folder: Path) -> None:
    (folder / "IMG_0001.HEIC").touch()

    with pytest.raises(DatasetError, match=r"IMG_0001.HEIC; .* HEIC is not read: convert"):
        load(folder)


def test_photographs_that_others_are_read_beside_are_said_to_be_left_out(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save_images(folder)
    (folder / "IMG_0001.heic").touch()

    load(folder)

    [said] = [message for message in caplog.messages if "not read" in message]
    assert "IMG_0001.heic. HEIC is not read: convert" in said


def test_an_archives_name_may_be_in_capitals(folder: Path) -> None:
    np.savez(folder / "toys.npz", x_train=IMAGES)
    (folder / "toys.npz").rename(folder / "TOYS.NPZ")

    np.testing.assert_array_equal(load(folder).train_images, IMAGES)


def test_two_kinds_of_files_are_an_error(folder: Path) -> None:
    for name in ("1.png", "2.png", "toys.npz", "train-images-idx3-ubyte"):
        (folder / name).touch()

    with pytest.raises(DatasetError, match="and one kind only") as caught:
        load(folder)

    assert "holds 1.png, 2.png and toys.npz and train-images-idx3-ubyte;" in str(caught.value)


def test_missing_files_are_fetched_only_for_the_named_data_set(folder: Path) -> None:
    (folder / "SHA256SUMS").write_text(f"{hashlib.sha256(b'').hexdigest()}  toys.npz\n")

    with pytest.raises(DatasetError, match=r"toys.npz is missing; expected: e3b0c442"):
        load(folder, downloads={"clothes": "no address"})
    with pytest.raises(DatasetError, match=r"Put toys.npz from no address into"):
        load(folder, downloads={"toys": "no address"})


def test_raw_images_are_read_only(folder: Path) -> None:
    with pytest.raises(DatasetError, match="read only"):
        dataset(folder).save(IMAGES)


def test_a_catalog_can_hold_it(folder: Path) -> None:
    np.savez(folder / "toys.npz", x_train=IMAGES)
    entry = {
        "type": "autoencoder_lab.datasets.RawImagesDataset",
        "filepath": str(folder),
        "path": str(folder.parent / "arrays"),
        "reading": AS_THEY_ARE,
    }

    catalog = DataCatalog.from_config({"raw_images": entry})

    np.testing.assert_array_equal(catalog.load("raw_images").train_images, IMAGES)
    assert "toys" in str(catalog["raw_images"])


def test_images_are_decoded_once(folder: Path) -> None:
    file = folder / "toys.npz"
    np.savez(file, x_train=IMAGES)
    first = load(folder)
    status = file.stat()
    file.write_bytes(b"x" * status.st_size)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    again = load(folder)

    np.testing.assert_array_equal(again.train_images, first.train_images)
    assert again.sha256 == first.sha256


def test_changed_files_are_decoded_again(folder: Path) -> None:
    np.savez(folder / "toys.npz", x_train=IMAGES)
    first = load(folder)
    np.savez(folder / "toys.npz", x_train=255 - IMAGES)

    again = load(folder)

    np.testing.assert_array_equal(again.train_images, 255 - IMAGES)
    assert again.sha256 != first.sha256


def test_changed_checksums_are_checked_again(folder: Path) -> None:
    np.savez(folder / "toys.npz", x_train=IMAGES)
    load(folder)
    (folder / "SHA256SUMS").write_text(f"{64 * '0'}  toys.npz\n")

    with pytest.raises(DatasetError, match=r"toys\.npz is altered"):
        load(folder)


def save_images(folder: Path) -> None:
    for n in range(9):
        Image.fromarray(IMAGES[n]).save(folder / f"{n}.png")


@pytest.mark.parametrize(
    ("change", "file"),
    [(Path.touch, "late.png"), (partial(Path.unlink, missing_ok=True), "8.png")],
    ids=["added", "gone"],
)
def test_a_folder_that_changes_while_it_is_read_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], file: str
) -> None:
    save_images(folder)
    read = pictures.read

    def change_and_read(*args: Any, **kwargs: Any) -> Any:
        change(folder / file)
        return read(*args, **kwargs)

    monkeypatch.setattr(pictures, "read", change_and_read)

    message = rf"has changed while it was read: {re.escape(file)}\. Run again"
    with pytest.raises(DatasetError, match=message):
        load(folder)

    assert not list((folder.parent / "arrays").glob("toys/[!.]*"))


def test_what_is_left_out_is_what_is_there_now(folder: Path) -> None:
    save_images(folder)
    load(folder)
    (folder / "notes.txt").touch()

    raw_images = load(folder)

    assert raw_images.reading["left_out"]["not in a form that is read"]["files"] == 1
    assert len(list((folder.parent / "arrays" / "toys").glob("[!.]*"))) == 1


@pytest.mark.parametrize("reading", [{"height": 16, "width": 16}, {"pattern": "*.png"}], ids=str)
def test_digits_are_read_in_one_way(tmp_path: Path, reading: dict[str, object]) -> None:
    name, value = next(iter(reading.items()))

    with pytest.raises(DatasetError, match=rf"ingest\.{name} is {re.escape(repr(value))}"):
        load(tmp_path / "digits", **reading)


def test_what_is_left_out_and_changed_is_counted(folder: Path) -> None:
    save_images(folder)
    for n in range(9):
        Image.fromarray(IMAGES[n]).save(folder / f"{n}.bmp")
    (folder / "notes.txt").touch()

    raw_images = load(folder, pattern="!*.bmp", height=4, width=4)

    assert raw_images.train_images.shape == (9, 4, 4, 3)
    left_out = raw_images.reading["left_out"]
    assert left_out["not matched by ingest.pattern"]["files"] == 9
    assert left_out["not in a form that is read"] == {"files": 1, "names": ["notes.txt"]}
    assert raw_images.reading["changed"] == {"brought to the size by pad": 9}


@pytest.mark.parametrize(
    ("value", "dtype", "brightest", "level"),
    [(4095, np.uint16, 4095, 255), (2048, np.uint16, 4095, 128), (1, np.uint8, 1, 255)],
)
def test_the_brightest_number_of_image_files_is_white(
    folder: Path, value: int, dtype: type, brightest: float, level: int
) -> None:
    for n in range(9):
        pixels = np.zeros((7, 5), dtype)
        pixels[n % 7] = value
        Image.fromarray(pixels).save(folder / f"{n}.png")

    raw_images = load(folder, brightest=brightest)

    assert np.unique(raw_images.train_images).tolist() == [0, level]
    assert set(raw_images.reading["changed"].values()) == {9}


@pytest.fixture
def bucket() -> Iterator[UPath]:
    """An empty object store."""
    bucket = UPath("memory://bucket")
    bucket.fs.store.clear()
    yield bucket
    bucket.fs.store.clear()


def put(store: UPath, name: str, image: np.ndarray) -> None:
    content = io.BytesIO()
    Image.fromarray(image).save(content, "png")
    (store / name).write_bytes(content.getvalue())


def load_from(store: UPath, arrays: Path, **reading: object) -> RawImages:
    return RawImagesDataset(
        filepath=str(store), path=str(arrays), reading=AS_THEY_ARE | reading
    ).load()


def test_a_folder_of_images_may_be_on_an_object_store(bucket: UPath, tmp_path: Path) -> None:
    for n in range(9):
        put(bucket / "toys", f"train/cat/{n}.png", IMAGES[n])
        put(bucket / "toys", f"test/cat/{n}.png", IMAGES[n])
    put(bucket / "toys", "train/.thumbs/1.png", IMAGES[0])
    put(bucket / "toys", "masks/1.png", IMAGES[0])

    raw_images = load_from(bucket / "toys", tmp_path, pattern="!masks/**")

    np.testing.assert_array_equal(raw_images.train_images, IMAGES)
    np.testing.assert_array_equal(raw_images.test_images, IMAGES)
    assert raw_images.class_names == {0: "cat"}
    assert raw_images.reading["left_out"]["not matched by ingest.pattern"]["files"] == 1


def test_an_archive_may_be_on_an_object_store(bucket: UPath, tmp_path: Path) -> None:
    content = io.BytesIO()
    np.savez_compressed(content, x_train=IMAGES, x_test=np.asfortranarray(IMAGES))
    (bucket / "toys" / "toys.npz").write_bytes(content.getvalue())

    raw_images = load_from(bucket / "toys", tmp_path)

    np.testing.assert_array_equal(raw_images.train_images, IMAGES)
    np.testing.assert_array_equal(raw_images.test_images, IMAGES)


def test_an_error_of_this_machine_is_not_blamed_on_the_store(bucket: UPath, tmp_path: Path) -> None:
    for n in range(9):
        put(bucket / "toys", f"{n}.png", IMAGES[n])
    (tmp_path / "arrays").touch()  # where a folder has to be

    with pytest.raises(DatasetError) as caught:
        load_from(bucket / "toys", tmp_path / "arrays")

    assert isinstance(caught.value.__cause__, OSError)


def test_an_unknown_name_is_an_error_that_lists_those_of_the_store(
    bucket: UPath, tmp_path: Path
) -> None:
    put(bucket / "zoo", "1.png", IMAGES[0])

    with pytest.raises(DatasetError) as caught:
        load_from(bucket / "zooo", tmp_path)

    assert "dataset is 'zooo'; allowed: digits, zoo" in str(caught.value.__cause__)


def test_images_of_files_keep_the_names_of_these(folder: Path) -> None:
    for name in ("b", "a", "ü"):
        (folder / "train" / name).mkdir(parents=True)
        for number in range(2):
            image = Image.new("L", (4, 4), number)
            image.save(folder / "train" / name / f"{number}.png")
    (folder / "test/a").mkdir(parents=True)
    for number in range(3):
        Image.new("L", (4, 4)).save(folder / f"test/a/{number}.png")

    raw_images = load(folder)

    train = ["a/0.png", "a/1.png", "b/0.png", "b/1.png", "ü/0.png", "ü/1.png"]
    assert raw_images.files["train"] == [f"train/{name}" for name in train]
    assert raw_images.image_names("test", np.array([2])) == ["test/a/2.png"]
