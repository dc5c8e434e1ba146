"""Reading folders of images."""

import re
import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from rich.console import Console

from autoencoder_lab.datasets import image_folder
from autoencoder_lab.datasets.blocks import FoundArray
from autoencoder_lab.datasets.found_arrays import Found
from autoencoder_lab.datasets.listing import list_files

from ..ingest_params import reading_params
from .found import as_arrays

rng = np.random.default_rng(0)
GREY = rng.integers(0, 256, (7, 5), np.uint8)
COLOUR = rng.integers(0, 256, (7, 5, 3), np.uint8)


def save(folder: Path, *names: str, pixels: npt.NDArray[np.generic] = GREY) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{name}.png")


def find(folder: Path, **reading: object) -> Found:
    files = list(list_files(folder, None).stamps)
    return image_folder.read(folder, files, reading_params(**reading))


def read(folder: Path, **reading: object) -> dict[str, FoundArray]:
    return as_arrays(find(folder, **reading))


def test_images_in_one_folder_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, value in {"b": 2, "c": 3, "a": 1}.items():
        save(tmp_path, name, pixels=np.full((7, 5), value, np.uint8))

    found = read(tmp_path)

    assert found["train_images"].shape == (3, 7, 5, 1)
    assert found["train_images"][:, 0, 0, 0].tolist() == [1, 2, 3]
    assert list(found) == ["train_images"]


def test_labels_are_numbered_in_the_order_of_their_names(tmp_path: Path) -> None:
    save(tmp_path, "dog/1", "cat/1", "cat/2", "emu/1")

    found = find(tmp_path)

    assert found.labels["train"].tolist() == [0, 0, 1, 2]
    assert found.class_names == ["cat", "dog", "emu"]


@pytest.mark.parametrize(
    ("label_level", "labels"),
    [(0, None), (1, ["cat", "cat", "dog"]), (2, ["manx", "tabby", "pug"])],
)
def test_labels_are_the_folders_of_one_level(
    tmp_path: Path, label_level: int, labels: list[str] | None
) -> None:
    save(tmp_path, "cat/tabby/1", "cat/manx/1", "dog/pug/raw/1")

    found = find(tmp_path, label_level=label_level)

    numbers = found.labels.get("train")
    named = None if numbers is None else [found.class_names[number] for number in numbers]
    assert named == labels


@pytest.mark.parametrize("names", [("train", "validation", "test"), ("Training", "val", "TEST")])
def test_folders_of_splits_number_their_labels_alike(
    tmp_path: Path, names: tuple[str, str, str]
) -> None:
    train, validation, test = names
    save(tmp_path, f"{train}/dog/1", f"{train}/cat/1", f"{train}/dog/2")
    save(tmp_path, f"{validation}/dog/1", f"{test}/dog/1", f"{test}/cat/1")

    found = read(tmp_path)

    assert found["train_labels"].tolist() == [0, 1, 1]
    assert found["validation_labels"].tolist() == [1]
    assert found["test_labels"].tolist() == [0, 1]
    assert found["test_images"].shape == (2, 7, 5, 1)


def test_only_one_split_may_have_labels(tmp_path: Path) -> None:
    save(tmp_path, "train/1", "train/2", "test/dog/1", "test/cat/1")

    found = read(tmp_path)

    assert "train_labels" not in found
    assert found["test_labels"].tolist() == [0, 1]


def test_labels_that_training_images_have_not_are_an_error(tmp_path: Path) -> None:
    save(tmp_path, "train/dog/1", "train/cat/1", "test/cat/1", "test/emu/1")

    with pytest.raises(ValueError, match="train/ has no images of the labels emu, which other"):
        read(tmp_path)


def test_where_training_images_are_of_one_class_others_may_be_tested(tmp_path: Path) -> None:
    save(tmp_path, "train/good/1", "train/good/2", "test/good/1", "test/broken/1")

    found = find(tmp_path)

    assert found.class_names == ["broken", "good"]
    assert found.labels["train"].tolist() == [1, 1]
    assert found.labels["test"].tolist() == [0, 1]


def test_labels_that_differ_only_in_case_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save(tmp_path, "cat/1", "Cat/2", "dog/1")

    read(tmp_path)

    assert "these labels differ only in case: Cat, cat" in caplog.text


def test_names_in_other_scripts_are_labels_in_the_one_way_unicode_composes_them(
    tmp_path: Path,
) -> None:
    save(tmp_path, "train/猫/1", "train/cafe\N{COMBINING ACUTE ACCENT}/1")
    save(tmp_path, "test/caf\N{LATIN SMALL LETTER E WITH ACUTE}/1")

    found = find(tmp_path)

    assert found.class_names == ["caf\N{LATIN SMALL LETTER E WITH ACUTE}", "猫"]
    assert found.labels["test"].tolist() == [0]


@pytest.mark.parametrize(
    "names",
    [
        ("1", "cat/1"),
        ("train/1", "2"),
        ("train/1", "cat/1"),
        ("test/1", "test/2"),
        ("train/1", "train/cat/1"),
        ("train/1", "val/1", "validation/1"),
        ("train/1", "Train/1"),
    ],
)
def test_unclear_folders_are_an_error(tmp_path: Path, names: tuple[str, ...]) -> None:
    save(tmp_path, *names)
    place = re.escape(Path(names[-1]).parent.as_posix())

    with pytest.raises(ValueError, match=rf"has images in .*{place}.*; allowed: all in one folder"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("names", "named", "label_level"),
    [
        (("x/train/cat/1", "x/test/cat/1"), "x/test, x/train", 1),
        (("x/train/cat/1", "x/test/cat/1"), "x/test, x/train", 0),
        (("x/train/cat/1", "x/test/cat/1"), "x/test, x/train", 3),
        (("training_set/cat/1", "test_set/cat/1"), "test_set, training_set", 1),
        (("seg_train/sea/1", "seg_test/sea/1"), "seg_test, seg_train", 1),
        (("train/cat/1", "train/cat/test/1"), "cat/test", 1),
        (("TestSet/1", "TrainSet/1"), "TestSet, TrainSet", 1),
    ],
)
def test_splits_that_would_be_read_as_classes_are_an_error(
    tmp_path: Path, names: tuple[str, ...], named: str, label_level: int
) -> None:
    save(tmp_path, *names)

    with pytest.raises(ValueError, match=f"{named}, whose names mean splits; allowed: train/"):
        read(tmp_path, label_level=label_level)


def test_a_class_that_is_called_as_a_split_is_named_with_the_way_out(tmp_path: Path) -> None:
    save(tmp_path, "cat/1", "test/1")

    with pytest.raises(
        ValueError, match=r"test/ taken for splits\. A class .* as 'test \(class\)'"
    ):
        read(tmp_path)

    (tmp_path / "test").rename(tmp_path / "test (class)")
    assert find(tmp_path).class_names == ["cat", "test (class)"]


def test_images_beside_their_annotations_are_no_classes(tmp_path: Path) -> None:
    save(tmp_path, "images/1", "annotations/1")

    with pytest.raises(ValueError, match=r"annotations, images, which are no classes.*!masks"):
        read(tmp_path)


def test_one_image_in_colour_makes_all_rgb(tmp_path: Path) -> None:
    save(tmp_path, "train/1")
    save(tmp_path, "train/2", pixels=GREY.astype(np.uint16) * 257)
    save(tmp_path, "test/1", pixels=COLOUR)

    found = read(tmp_path)

    in_colour = np.stack([GREY] * 3, axis=-1)
    np.testing.assert_array_equal(found["train_images"], [in_colour, in_colour])
    np.testing.assert_array_equal(found["test_images"][0], COLOUR)


def test_images_of_all_sizes_and_colours_are_brought_to_one_shape(tmp_path: Path) -> None:
    save(tmp_path, "1", "2")
    save(tmp_path, "3", pixels=COLOUR[1:])

    found = find(tmp_path, height=6, width=6, channels=1)

    assert as_arrays(found)["train_images"].shape == (3, 6, 6, 1)
    assert found.changes == {"made grey": 1, "brought to the size by pad": 3}


def test_differing_sizes_are_an_error_that_names_them_and_what_to_set(tmp_path: Path) -> None:
    save(tmp_path, *map(str, range(9)))
    save(tmp_path, *(f"odd{n}" for n in range(7)), pixels=GREY[1:])

    with pytest.raises(ValueError, match=r"2 sizes .*: 9 of 5x7, 7 of 5x6; not of the first") as it:
        read(tmp_path)

    assert "odd0.png, odd1.png, odd2.png, odd3.png, odd4.png, and 2 more" in str(it.value)
    assert "Set ingest.height and ingest.width" in str(it.value)


def test_after_an_error_no_bar_is_left_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, *map(str, range(9)))
    (tmp_path / "0.png").write_text("no image")
    monkeypatch.setattr(image_folder, "get_console", lambda: Console(force_terminal=True))
    before = set(threading.enumerate())

    with pytest.raises(ValueError, match="cannot be read as an image") as caught:
        read(tmp_path, height=9, width=9, channels=1)

    left = set(threading.enumerate()) - before
    for thread in left:
        thread.join(timeout=60)  # rich does not wait for the end of its own
    # The error is still here, and with its traceback what it was raised in.
    assert not any(thread.is_alive() for thread in left), caught


@pytest.mark.slow
@pytest.mark.parametrize("shape", [{}, {"height": 9, "width": 9, "channels": 1}], ids=str)
def test_all_unreadable_images_are_named_in_one_error(
    tmp_path: Path, shape: dict[str, int]
) -> None:
    pixels = rng.integers(0, 256, (70, 50), np.uint8)
    save(tmp_path, "train/good", "train/truncated", "test/good", pixels=pixels)
    whole = (tmp_path / "train/truncated.png").read_bytes()
    (tmp_path / "train/truncated.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "train/empty.png").touch()
    (tmp_path / "test/text.jpg").write_text("no image")
    # Over Pillow's warning limit.
    Image.new("1", (10_000, 10_000)).save(tmp_path / "test/bomb.png")

    with pytest.raises(ValueError, match="cannot be read as an image") as caught:
        read(tmp_path, **shape)

    lines = str(caught.value).splitlines()
    named = {Path(line.split(" cannot")[0]).name for line in lines if " cannot" in line}
    assert named == {"truncated.png", "empty.png", "text.jpg", "bomb.png"}
    assert "ingest.pattern leaves files out" in lines[-1]


def test_an_error_without_a_message_is_called_by_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(_: Path) -> None:
        raise MemoryError

    save(tmp_path, "1")
    monkeypatch.setattr("autoencoder_lab.datasets.pictures.look", look)

    with pytest.raises(ValueError, match=r"1\.png cannot be read as an image: MemoryError\."):
        read(tmp_path)


def test_images_come_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autoencoder_lab.datasets.blocks.BYTES_AT_ONCE", 2 * GREY.nbytes)
    save(tmp_path, *"abcde")

    images = find(tmp_path).images["train"]

    assert [len(block) for block in images.read()] == [2, 2, 1]
