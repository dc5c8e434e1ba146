"""Image files, of whatever kind, as pixels."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, features

from autoencoder_lab.datasets import pictures

from ..ingest_params import reading_params

rng = np.random.default_rng(0)
GREY = rng.integers(0, 256, (7, 5), np.uint8)
COLOUR = rng.integers(0, 256, (7, 5, 3), np.uint8)
RED_AND_BLUE = np.where(GREY[..., np.newaxis] > 99, [255, 0, 0], [0, 0, 255]).astype(np.uint8)


def save(file: Path, pixels: npt.NDArray[np.generic] = GREY, mode: str | None = None) -> Path:
    image = Image.fromarray(pixels)
    image.convert(mode or image.mode).save(file)
    return file


def read(
    file: Path, shape: tuple[int, int, int] = (7, 5, 1), **reading: object
) -> tuple[npt.NDArray[np.uint8], list[str]]:
    return pictures.read(file, shape, reading_params(**reading))


@pytest.mark.parametrize("ending", ["png", "bmp", "tif", "pgm", "webp", "tga", "pcx", "jp2", "qoi"])
def test_formats_that_keep_every_pixel_do(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"1.{ending}"
    mode = "RGB" if ending in ("webp", "qoi") else "L"
    Image.fromarray(GREY).convert(mode).save(file, lossless=True)

    pixels, changes = read(file)

    np.testing.assert_array_equal(pixels[..., 0], GREY)
    assert changes == ([] if mode == "L" else ["made grey"])


@pytest.mark.parametrize("ending", ["jpg", "jpeg", "webp", "avif"])
def test_lossy_formats_keep_the_image(tmp_path: Path, ending: str) -> None:
    if ending == "avif" and not features.check("avif"):
        pytest.fail("Pillow's wheels read AVIF")
    file = save(tmp_path / f"1.{ending}", np.full((7, 5, 3), 100, np.uint8))

    pixels, _ = read(file, (7, 5, 3))

    np.testing.assert_allclose(pixels.astype(float), 100, atol=3)


@pytest.mark.parametrize("name", ["1.PNG", "1.jpeg", "1.tiff", "a.b/1.pgm", "1.jp2", "1.avif"])
def test_names_of_images_are_known(name: str) -> None:
    assert pictures.is_named_like_one(name)


@pytest.mark.parametrize("name", ["labels.csv", "1.eps", "1.h5", "1.pdf", "png", "1.npz"])
def test_other_names_are_not(name: str) -> None:
    assert not pictures.is_named_like_one(name)


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_grey_modes_stay_grey(tmp_path: Path, mode: str) -> None:
    black_and_white = np.where(GREY > 99, 255, 0).astype(np.uint8)
    file = save(tmp_path / "1.png", black_and_white, mode)

    assert pictures.look(file).is_grey
    np.testing.assert_array_equal(read(file)[0][..., 0], black_and_white)


@pytest.mark.parametrize(
    ("ending", "mode"), [("png", "RGB"), ("png", "RGBA"), ("png", "P"), ("gif", "P")]
)
def test_colour_modes_become_rgb(tmp_path: Path, ending: str, mode: str) -> None:
    file = save(tmp_path / f"1.{ending}", RED_AND_BLUE, mode)

    assert not pictures.look(file).is_grey
    np.testing.assert_array_equal(read(file, (7, 5, 3))[0], RED_AND_BLUE)


def test_cmyk_becomes_rgb_and_is_said(tmp_path: Path) -> None:
    file = save(tmp_path / "1.tif", np.full((7, 5, 3), [255, 0, 0], np.uint8), "CMYK")

    pixels, changes = read(file, (7, 5, 3))

    np.testing.assert_allclose(pixels.astype(int), np.full((7, 5, 3), [255, 0, 0]), atol=2)
    assert changes == ["CMYK made RGB"]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_over_the_background(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGBA", (5, 7), (200, 200, 200, 0))
    image.paste((200, 200, 200, 255), (0, 0, 5, 3))
    image.convert(mode).save(tmp_path / "1.png")

    pixels, changes = read(tmp_path / "1.png", background="#ffffff")

    assert np.unique(pixels[:3]).tolist() == [200]
    assert np.unique(pixels[3:]).tolist() == [255]
    assert changes[0] == "laid over ingest.background"


def test_a_transparent_palette_is_laid_over_it_too(tmp_path: Path) -> None:
    image = Image.fromarray(np.zeros((7, 5), np.uint8)).convert("P")
    image.save(tmp_path / "1.png", transparency=0)

    pixels, _ = read(tmp_path / "1.png", (7, 5, 3), background="lime")

    np.testing.assert_array_equal(pixels, np.full((7, 5, 3), [0, 255, 0]))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_nothing_shines_through_is_not_changed(tmp_path: Path, mode: str) -> None:
    file = save(tmp_path / "1.png", GREY, mode)

    _, changes = read(file, (7, 5, 3 if mode == "RGBA" else 1))

    assert changes == []


@pytest.mark.parametrize("ending", ["png", "tif", "pgm"])
def test_16_bits_are_scaled_to_8(tmp_path: Path, ending: str) -> None:
    file = save(tmp_path / f"1.{ending}", GREY.astype(np.uint16) * 257)

    pixels, changes = read(file)

    np.testing.assert_array_equal(pixels[..., 0], GREY)
    assert changes == ["16 bits made 8"]


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_what_exif_says_is_upright(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"1.{ending}"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    Image.fromarray(GREY).save(file, exif=exif)

    pixels, changes = read(file, (5, 7, 1))

    assert pictures.look(file).size == (7, 5)
    np.testing.assert_array_equal(pixels[..., 0], np.rot90(GREY, -1))
    assert changes == ["turned as EXIF says"]


@pytest.mark.parametrize("orientation", [0, 1, 9])
def test_what_is_upright_is_not_turned(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(GREY).save(tmp_path / "1.png", exif=exif)

    pixels, changes = read(tmp_path / "1.png")

    np.testing.assert_array_equal(pixels[..., 0], GREY)
    assert changes == []


WIDE = np.full((20, 40, 3), [0, 0, 255], np.uint8)
WIDE[:, :10], WIDE[:, 30:] = [255, 0, 0], [0, 255, 0]


@pytest.mark.parametrize(
    ("fit", "look_for"),
    [
        ("pad", lambda it: (it[0, 5] == [9, 9, 9]).all() and (it[5, 0] == [255, 0, 0]).all()),
        ("crop", lambda it: (it[:, 2:8] == [0, 0, 255]).all()),
        ("stretch", lambda it: (it[:, 0] == [255, 0, 0]).all() and it[0, 9].argmax() == 1),
    ],
)
def test_other_proportions_are_padded_cropped_or_stretched(
    tmp_path: Path, fit: str, look_for: Callable[[npt.NDArray[np.uint8]], bool]
) -> None:
    file = save(tmp_path / "1.png", WIDE)

    pixels, changes = read(file, (10, 10, 3), fit=fit, background="#090909")

    assert look_for(pixels)
    assert changes == [f"brought to the size by {fit}"]


def test_grey_and_rgb_are_made_one(tmp_path: Path) -> None:
    grey, colour = save(tmp_path / "1.png", GREY), save(tmp_path / "2.png", COLOUR)

    in_colour, changes = read(grey, (7, 5, 3))

    np.testing.assert_array_equal(in_colour, np.stack([GREY] * 3, axis=-1))
    assert changes == ["made RGB"]
    assert read(colour)[1] == ["made grey"]


@pytest.mark.parametrize(("dtype", "kind"), [(np.int32, "integers"), (np.float32, "floats")])
def test_pixels_of_unknown_range_are_an_error(tmp_path: Path, dtype: type, kind: str) -> None:
    file = save(tmp_path / "1.tif", GREY.astype(dtype))

    with pytest.raises(ValueError, match=f"its pixels are 32-bit {kind}; allowed: 8 or 16 bits"):
        pictures.look(file)


@pytest.mark.parametrize("ending", ["gif", "tif", "webp", "png"])
def test_several_frames_are_an_error(tmp_path: Path, ending: str) -> None:
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    frames[0].save(tmp_path / f"1.{ending}", save_all=True, append_images=frames[1:])

    with pytest.raises(ValueError, match="it has 2 frames; allowed: 1"):
        pictures.look(tmp_path / f"1.{ending}")


def test_of_a_photograph_with_a_preview_the_photograph_is_read(tmp_path: Path) -> None:
    frames = [Image.fromarray(np.full((7, 5, 3), level, np.uint8)) for level in (100, 200)]
    frames[0].save(tmp_path / "1.mpo", save_all=True, append_images=frames[1:])

    pixels, _ = read(tmp_path / "1.mpo")

    np.testing.assert_allclose(pixels.astype(float), 100, atol=3)


def test_an_image_without_pixels_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "1.pgm").write_bytes(b"P5 0 4 255\n")

    with pytest.raises(ValueError, match="it begins with the bytes 50 35 20 30"):
        pictures.look(tmp_path / "1.pgm")


@pytest.mark.parametrize(("brightest", "white"), [(None, 16), (4095, 255), (8190, 128), (100, 255)])
def test_twelve_bits_in_sixteen_are_read_by_their_own_range(
    tmp_path: Path, brightest: float | None, white: int
) -> None:
    pixels = np.full((7, 5), 4095, np.uint16)
    pixels[0] = 0
    Image.fromarray(pixels).save(tmp_path / "1.png")

    found, _ = read(tmp_path / "1.png", brightest=brightest)

    assert np.unique(found).tolist() == [0, white]


@pytest.mark.parametrize("mode", ["P5", "P6"])
@pytest.mark.parametrize(("brightest", "level"), [(None, 125), (4095, 125), (8190, 62)])
def test_what_is_white_is_a_number_of_the_file_also_where_the_file_names_another(
    tmp_path: Path, mode: str, brightest: float | None, level: int
) -> None:
    n_channels = 1 if mode == "P5" else 3
    values = np.full(7 * 5 * n_channels, 2000, ">u2").tobytes()
    (tmp_path / "1.ppm").write_bytes(f"{mode} 5 7 4095\n".encode() + values)

    found, _ = read(tmp_path / "1.ppm", (7, 5, n_channels), brightest=brightest)

    np.testing.assert_allclose(found.astype(float), level, atol=1)


@pytest.mark.parametrize(("brightest", "level"), [(None, 15), (65535, 15), (4095, None)])
def test_colours_of_16_bits_are_not_read_where_hardly_any_would_be_left(
    tmp_path: Path, brightest: float | None, level: int | None
) -> None:
    (tmp_path / "1.png").write_bytes(png_of_16_bits(value=4095))

    if level is None:
        with pytest.raises(
            ValueError, match=r"16 bits.* ingest\.brightest, 4095, too few are kept"
        ):
            read(tmp_path / "1.png", (7, 5, 3), brightest=brightest)
    else:
        found, _ = read(tmp_path / "1.png", (7, 5, 3), brightest=brightest)
        assert np.unique(found).tolist() == [level]


def png_of_16_bits(value: int) -> bytes:
    """Return a PNG of colours (7, 5), which Pillow does not write."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    rows = (b"\0" + np.full(5 * 3, value, ">u2").tobytes()) * 7
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 7, 16, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_mask_of_zero_and_one_is_black_and_white_where_one_is_white(
    tmp_path: Path, mode: str
) -> None:
    pixels = np.eye(7, 5, dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(tmp_path / "1.png")

    found, changes = read(tmp_path / "1.png", (7, 5, 1), brightest=1)

    np.testing.assert_array_equal(found[..., 0], 255 * pixels)
    assert "scaled by brightest" in changes


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1f\n", "git lfs pull fetches it"),
        (b"\n<!DOCTYPE html><html>404</html>", "it is a web page"),
        (b"<HTML><body>", "it is a web page"),
        (b"%PDF-1.7", "an unknown format: it begins with the bytes 25 50 44 46 2d 31 2e 37"),
    ],
)
def test_what_is_no_image_is_called_what_it_is(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "1.png").write_bytes(content)

    for function in (pictures.look, pictures.load):
        with pytest.raises(ValueError, match=what):
            function(tmp_path / "1.png")


def test_a_decompression_bomb_is_an_error(tmp_path: Path) -> None:
    Image.new("1", (10_000, 10_000)).save(tmp_path / "1.png")  # over Pillow's warning limit

    with pictures.bombs_are_errors(), pytest.raises(Warning, match="decompression bomb"):
        pictures.look(tmp_path / "1.png")
