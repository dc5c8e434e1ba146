import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem
from PIL import Image

from autoencoder_lab.datasets.new_images import NewImages, find_new_images
from autoencoder_lab.images.arrays import Images

from ..ingest_params import reading_params

SHAPE = (4, 6, 1)


def write_image(file: Path, level: int, size: tuple[int, int] = (6, 4)) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, level).save(file)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of images in folders that would mean a split, and several levels."""
    for file, level in {"a/b/c.png": 51, "d.png": 102, "test/e.png": 204}.items():
        write_image(tmp_path / "photos" / file, level)
    return tmp_path / "photos"


def levels(found: NewImages) -> list[float]:
    return [round(float(image[0, 0, 0]), 2) for images in found.read() for image in images]


def test_images_are_named_after_their_files_whatever_folders_they_are_in(folder: Path) -> None:
    found = find_new_images(str(folder), SHAPE, reading_params())

    assert list(found.names) == ["a/b/c.png", "d.png", "test/e.png"]
    assert levels(found) == levels(found) == [0.2, 0.4, 0.8]


def test_they_are_brought_to_the_shape_of_the_model_which_is_counted(folder: Path) -> None:
    write_image(folder / "f.png", 255, size=(12, 12))

    found = find_new_images(str(folder), SHAPE, reading_params(fit="pad", height=30, width=30))
    images: Images = np.concatenate(list(found.read()))

    assert images.shape == (4, *SHAPE)
    assert images[2, 0, :, 0].tolist() == [0, 1, 1, 1, 1, 0]  # padded left and right
    assert found.changes == {"brought to the size by pad": 1}


def test_an_archive_is_read_like_the_folder(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "photos of äpfel.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in folder.rglob("*.png"):
            packed.write(file, file.relative_to(folder))

    found = find_new_images(str(archive), SHAPE, reading_params())

    assert list(found.names) == ["a/b/c.png", "d.png", "test/e.png"]
    assert levels(found) == [0.2, 0.4, 0.8]


def test_one_file_is_read_alone_also_by_a_name_that_looks_like_a_pattern(folder: Path) -> None:
    write_image(folder / "[a-z].png", 153)

    found = find_new_images(str(folder / "[a-z].png"), SHAPE, reading_params())

    assert (list(found.names), levels(found)) == (["[a-z].png"], [0.6])


def test_a_pattern_says_which_files_are_read(folder: Path) -> None:
    found = find_new_images(str(folder), SHAPE, reading_params(pattern="!test/**"))

    assert list(found.names) == ["a/b/c.png", "d.png"]
    assert found.left_out["not matched by ingest.pattern"]


def test_one_array_of_one_image_is_enough(tmp_path: Path) -> None:
    np.savez(tmp_path / "new.npz", images=np.full((1, 4, 6), 51, np.uint8))

    found = find_new_images(str(tmp_path / "new.npz"), SHAPE, reading_params())

    assert (list(found.names), levels(found)) == (["0"], [0.2])


def test_test_images_are_enough(tmp_path: Path) -> None:
    np.savez(tmp_path / "new.npz", x_test=np.full((2, 4, 6), 51, np.uint8), y_test=[3, 5])
    idx = tmp_path / "t10k-images-idx3-ubyte"
    idx.write_bytes(bytes([0, 0, 8, 3]) + np.array([1, 4, 6], ">u4").tobytes() + bytes([51] * 24))

    for file, names in ((tmp_path / "new.npz", ["0", "1"]), (idx, ["0"])):
        found = find_new_images(str(file), SHAPE, reading_params())
        assert (list(found.names), set(levels(found))) == (names, {0.2})


def test_images_of_several_arrays_are_named_after_them(tmp_path: Path) -> None:
    arrays = {"x_train": np.zeros((2, 4, 6), np.uint8), "x_test": np.ones((1, 4, 6), np.float32)}
    np.savez(tmp_path / "new.npz", **arrays)

    found = find_new_images(str(tmp_path), SHAPE, reading_params())

    assert list(found.names) == ["train/0", "train/1", "test/0"]
    assert levels(found) == [0, 0, 1]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("nowhere", r"there is no .*nowhere; allowed: a folder, \.zip, \.npz or IDX"),
        ("empty", r"empty holds no files; allowed: IDX files, one \.npz, or images"),
        ("broken.zip", r"images cannot be read from .*broken\.zip: File is not a zip file"),
        ("outside.zip", r"outside\.zip holds no files"),  # none that is within it
        ("floats.npz", r"train images hold float32 values from 3\.0 to 3\.0; allowed: 0 to 1"),
        ("larger.npz", r"float32, \(9, 9, 1\); allowed, where .* bring them to \(4, 6, 1\)"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, place: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.zip").write_bytes(b"PK")
    with zipfile.ZipFile(tmp_path / "outside.zip", "w") as archive:
        archive.writestr("../x.png", b"")
    np.savez(tmp_path / "floats.npz", images=np.full((3, 4, 6), 3, np.float32))
    np.savez(tmp_path / "larger.npz", images=np.zeros((3, 9, 9), np.float32))

    with pytest.raises(ValueError, match=message):
        find_new_images(str(tmp_path / place), SHAPE, reading_params())


def test_an_unreadable_image_is_named_once_it_is_read(folder: Path) -> None:
    (folder / "a/b/broken.png").write_bytes(b"<html>")
    found = find_new_images(str(folder), SHAPE, reading_params())

    with pytest.raises(ValueError, match=r"broken\.png cannot be read as an image: it is a web"):
        list(found.read())


@pytest.mark.parametrize("name", ["!x.png", "a{1,2}.png", "a|b.png", "README_1.png", ".h.png"])
def test_one_file_is_read_whatever_it_is_called_and_whatever_is_beside_it(
    folder: Path, name: str
) -> None:
    write_image(folder / name, 153)
    write_image(folder / name.upper(), 0)
    (folder / "broken.zip").write_bytes(b"")

    found = find_new_images(str(folder / name), SHAPE, reading_params())

    assert (list(found.names), levels(found)) == ([name], [0.6])


def test_labels_of_new_images_do_not_matter(tmp_path: Path) -> None:
    images = np.full((2, 4, 6), 51, np.uint8)
    np.savez(tmp_path / "new.npz", images=images, labels=["cat", "dog"])

    assert levels(find_new_images(str(tmp_path), SHAPE, reading_params())) == [0.2, 0.2]


def test_files_that_are_not_read_are_named(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "IMG_1.heic").write_bytes(b"from a phone")

    find_new_images(str(folder), SHAPE, reading_params())

    assert "these files are not read: IMG_1.heic. HEIC is not read: convert" in caplog.text


def test_names_that_cannot_be_told_apart_are_refused(folder: Path) -> None:
    for name in ("Mu\u0308ller.png", "M\u00fcller.png"):
        write_image(folder / name, 0)

    with pytest.raises(ValueError, match=r"names are the same .*: Müller\.png; allowed"):
        find_new_images(str(folder), SHAPE, reading_params())


def test_keys_of_an_object_store_that_would_lead_elsewhere_are_left_out() -> None:
    store = MemoryFileSystem()
    content = io.BytesIO()
    Image.new("L", (6, 4), 51).save(content, "PNG")
    for key in ("/bucket/new/a.png", "/bucket/new//tmp/b.png"):
        store.store[key] = MemoryFile(store, key, content.getvalue())

    found = find_new_images("memory://bucket/new", SHAPE, reading_params())

    assert list(found.names) == ["a.png"]
