"""Reading folders of images."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from autoencoder_lab.datasets import image_folder
from autoencoder_lab.datasets.found_arrays import FoundArray

rng = np.random.default_rng(0)
GREY = rng.integers(0, 256, (7, 5), np.uint8)
COLOUR = rng.integers(0, 256, (7, 5, 3), np.uint8)


def save(file: Path, pixels: npt.NDArray[np.generic] = GREY, mode: str | None = None) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    image.convert(mode or image.mode).save(file)


def read(folder: Path) -> dict[str, FoundArray]:
    return image_folder.read(folder, sorted(file for file in folder.rglob("*") if file.is_file()))


def test_images_in_one_folder_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, value in {"b": 2, "c": 3, "a": 1}.items():
        save(tmp_path / f"{name}.png", np.full((7, 5), value, np.uint8))

    found = read(tmp_path)

    assert found["train_images"].shape == (3, 7, 5)
    assert found["train_images"][:, 0, 0].tolist() == [1, 2, 3]
    assert list(found) == ["train_images"]


def test_labels_are_numbered_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("dog/1", "cat/1", "cat/2", "emu/1"):
        save(tmp_path / f"{name}.png")

    found = read(tmp_path)

    assert found["train_labels"].tolist() == [0, 0, 1, 2]


def test_train_and_test_number_their_labels_alike(tmp_path: Path) -> None:
    for name in ("train/dog/1", "train/cat/1", "train/dog/2", "test/dog/1", "test/cat/1"):
        save(tmp_path / f"{name}.png")

    found = read(tmp_path)

    assert found["train_labels"].tolist() == [0, 1, 1]
    assert found["test_labels"].tolist() == [0, 1]
    assert found["test_images"].shape == (2, 7, 5)


def test_only_one_split_may_have_labels(tmp_path: Path) -> None:
    for name in ("train/1", "train/2", "test/dog/1", "test/cat/1"):
        save(tmp_path / f"{name}.png")

    found = read(tmp_path)

    assert "train_labels" not in found
    assert found["test_labels"].tolist() == [0, 1]


def test_differing_labels_are_an_error(tmp_path: Path) -> None:
    for name in ("train/dog/1", "train/cat/1", "test/cat/1", "test/emu/1"):
        save(tmp_path / f"{name}.png")

    with pytest.raises(ValueError, match="do not both have images of the labels dog, emu; allowed"):
        read(tmp_path)


@pytest.mark.parametrize(
    "names",
    [
        ("1", "cat/1"),
        ("train/1", "2"),
        ("train/1", "cat/1"),
        ("test/1", "test/2"),
        ("train/1", "train/cat/1"),
        ("cat/tabby/1", "cat/tabby/2"),
        ("train/cat/tabby/1", "train/cat/tabby/2"),
    ],
)
def test_unclear_folders_are_an_error(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        save(tmp_path / f"{name}.png")
    place = Path(names[-1]).parent.as_posix()

    with pytest.raises(ValueError, match=rf"has images in .*{place}.*; allowed: all in one folder"):
        read(tmp_path)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "tiff", "PNG"])
def test_lossless_formats_keep_every_pixel(tmp_path: Path, suffix: str) -> None:
    save(tmp_path / f"1.{suffix}")

    found = read(tmp_path)

    np.testing.assert_array_equal(found["train_images"][0], GREY)


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "webp"])
def test_lossy_formats_keep_the_image(tmp_path: Path, suffix: str) -> None:
    save(tmp_path / f"1.{suffix}", np.full((7, 5, 3), 100, np.uint8))

    found = read(tmp_path)

    assert found["train_images"].shape == (1, 7, 5, 3)
    np.testing.assert_allclose(found["train_images"].astype(float), 100, atol=3)  # lossy


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_grey_modes_stay_grey(tmp_path: Path, mode: str) -> None:
    black_and_white = np.where(GREY > 99, 255, 0).astype(np.uint8)
    save(tmp_path / "1.png", black_and_white, mode)

    found = read(tmp_path)

    np.testing.assert_array_equal(found["train_images"][0], black_and_white)


@pytest.mark.parametrize(
    ("suffix", "mode"), [("png", "RGB"), ("png", "RGBA"), ("png", "P"), ("gif", "P")]
)
def test_colour_modes_become_rgb(tmp_path: Path, suffix: str, mode: str) -> None:
    red_and_blue = np.where(GREY[..., np.newaxis] > 99, [255, 0, 0], [0, 0, 255]).astype(np.uint8)
    save(tmp_path / f"1.{suffix}", red_and_blue, mode)

    found = read(tmp_path)

    np.testing.assert_array_equal(found["train_images"][0], red_and_blue)


def test_a_transparent_palette_is_read(tmp_path: Path) -> None:
    image = Image.fromarray(GREY).convert("P")
    image.save(tmp_path / "1.png", transparency=bytes([0] * 100 + [255] * 156))

    found = read(tmp_path)

    np.testing.assert_array_equal(found["train_images"][0], np.stack([GREY] * 3, axis=-1))


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bits_are_scaled_to_8(tmp_path: Path, suffix: str) -> None:
    save(tmp_path / f"1.{suffix}", GREY.astype(np.uint16) * 257)

    found = read(tmp_path)

    np.testing.assert_array_equal(found["train_images"][0], GREY)


def test_one_image_in_colour_makes_all_rgb(tmp_path: Path) -> None:
    save(tmp_path / "train/1.png", GREY)
    save(tmp_path / "train/2.png", GREY.astype(np.uint16) * 257)
    save(tmp_path / "test/1.png", COLOUR)

    found = read(tmp_path)

    in_colour = np.stack([GREY] * 3, axis=-1)
    np.testing.assert_array_equal(found["train_images"], [in_colour, in_colour])
    np.testing.assert_array_equal(found["test_images"][0], COLOUR)


def test_differing_sizes_are_an_error_that_names_the_unusual_ones(tmp_path: Path) -> None:
    for n in range(9):
        save(tmp_path / f"{n}.png")
    for n in range(7):
        save(tmp_path / f"odd{n}.png", GREY[1:])

    with pytest.raises(ValueError, match="one size, and 9 of 16 images are 5x7") as caught:
        read(tmp_path)

    assert "odd0.png is 5x6, odd1.png is 5x6" in str(caught.value)
    assert "odd4.png is 5x6, and 2 more" in str(caught.value)


def test_all_unreadable_images_are_named_in_one_error(tmp_path: Path) -> None:
    save(tmp_path / "good.png")
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("no image")

    with pytest.raises(ValueError, match="cannot be read as an image") as caught:
        read(tmp_path)

    assert str(tmp_path / "empty.png") in str(caught.value)
    assert str(tmp_path / "text.jpg") in str(caught.value)
    assert "good" not in str(caught.value)


def test_a_truncated_image_is_an_error(tmp_path: Path) -> None:
    save(tmp_path / "1.png", rng.integers(0, 256, (70, 50), np.uint8))
    content = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(content[: len(content) // 2])

    with pytest.raises(ValueError, match=r"1\.png cannot be read as an image: .*truncated"):
        read(tmp_path)


def test_several_frames_are_an_error(tmp_path: Path) -> None:
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    frames[0].save(tmp_path / "1.tif", save_all=True, append_images=frames[1:])

    with pytest.raises(ValueError, match=r"1\.tif .*: it has 2 frames; allowed: 1"):
        read(tmp_path)


@pytest.mark.parametrize(("dtype", "mode"), [(np.int32, "I"), (np.float32, "F")])
def test_pixels_of_unknown_range_are_an_error(tmp_path: Path, dtype: type, mode: str) -> None:
    save(tmp_path / "1.tif", GREY.astype(dtype))

    with pytest.raises(ValueError, match=rf"1\.tif .*mode {mode}; allowed: 8 or 16 bits"):
        read(tmp_path)


def test_a_decompression_bomb_is_an_error(tmp_path: Path) -> None:
    Image.new("1", (10_000, 10_000)).save(tmp_path / "1.png")  # over Pillow's warning limit

    with pytest.raises(ValueError, match=r"1\.png cannot be read as an image: .*bomb"):
        read(tmp_path)


def test_labels_keep_the_names_of_their_folders(tmp_path: Path) -> None:
    for name in ("train/dog/1", "train/cat/1", "test/dog/1", "test/cat/1"):
        save(tmp_path / f"{name}.png")

    assert read(tmp_path)["class_names"].tolist() == ["cat", "dog"]
