"""One image file as pixels, by Pillow: upright, in bytes, in the data set's shape."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import IO

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError
from upath import UPath

from autoencoder_lab.images.arrays import ImageShape
from autoencoder_lab.parameters import ReadingParams

NEED_MORE = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}
"""Formats that Pillow knows and, without other programs, does not read."""

ONE_PICTURE = {"MPO", "PSD"}
"""Formats whose first frame is the image: the others are previews, or its layers."""

TURNED = range(2, 9)
TURNED_ASIDE = (5, 6, 7, 8)
GREY_MODES = ("1", "L", "LA", "La")

BytePixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """What is asked of an image before it is known to which shape it is brought.

    Attributes:
        size: Width and height, upright.
    """

    size: tuple[int, int]
    is_grey: bool


def is_named_like_one(name: str) -> bool:
    """Whether a file's name has the ending of a format that Pillow reads."""
    return os.path.splitext(name)[1].lower() in _suffixes()


@contextmanager
def bombs_are_errors() -> Iterator[None]:
    """Let images that Pillow takes for decompression bombs be errors: in all threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def look(file: UPath) -> Picture:
    """Return an image's size and kind; raise one of Pillow's many errors where it is none.

    A PNG is decoded for it: what says how it is turned may come after its pixels.
    """
    with _open(file) as image:
        width, height = image.size
        # Of a TIFF, Pillow gives the upright size.
        is_aside = image.format != "TIFF" and _orientation(image) in TURNED_ASIDE
        size = (height, width) if is_aside else (width, height)
        return Picture(size, is_grey=_is_grey(image))


def load(file: UPath) -> None:
    """Decode an image: raise what that raises."""
    with _open(file) as image:
        image.load()


def read(file: UPath, shape: ImageShape, params: ReadingParams) -> tuple[BytePixels, list[str]]:
    """Return an image's pixels (height, width, channels), and in what they are not the file's."""
    with _open(file) as opened:
        white = _white(opened, params.brightest)  # known until it is decoded
        is_turned = _orientation(opened) in TURNED
        upright = ImageOps.exif_transpose(opened) if is_turned else opened
        image, in_bytes = _in_bytes(upright, white, params.background)
        pixels, shaping = reshape(image, shape, params)
    return pixels, ["turned as EXIF says"] * is_turned + in_bytes + shaping


def reshape(
    image: Image.Image, shape: ImageShape, params: ReadingParams
) -> tuple[BytePixels, list[str]]:
    """Return the pixels of a grey or RGB image, brought to a shape, and how that changed it."""
    height, width, channels = shape
    mode = "L" if channels == 1 else "RGB"
    changes = []
    if image.mode != mode:
        image = image.convert(mode)
        changes.append("made grey" if channels == 1 else "made RGB")
    if image.size != (width, height):
        changes.append(f"brought to the size by {params.fit}")
        match params.fit:
            case "pad":
                image = ImageOps.pad(image, (width, height), color=params.background)
            case "crop":
                image = ImageOps.fit(image, (width, height))
            case "stretch":
                image = image.resize((width, height))
    return np.asarray(image).reshape(shape), changes


@contextmanager
def _open(file: UPath) -> Iterator[ImageFile.ImageFile]:
    with file.open("rb") as content, _identified(content) as image:
        n_frames = 1 if image.format in ONE_PICTURE else getattr(image, "n_frames", 1)
        if n_frames > 1:
            raise ValueError(f"it has {n_frames} frames; allowed: 1")
        has_16_bits = image.mode == "I" and image.format == "PPM"
        if image.mode in ("I", "F") and not has_16_bits:
            kind = "integers" if image.mode == "I" else "floats"
            raise ValueError(f"its pixels are 32-bit {kind}; allowed: 8 or 16 bits")
        yield image


def _identified(content: IO[bytes]) -> ImageFile.ImageFile:
    try:
        return Image.open(content, formats=_formats())
    except UnidentifiedImageError:
        content.seek(0)
        raise ValueError(f"it is {_what_it_is(content.read(100))}") from None


def _what_it_is(beginning: bytes) -> str:
    """Return what a file is that is no image, as far as its first bytes tell."""
    if not beginning:
        return "empty"
    if beginning.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer, without the image: git lfs pull fetches it"
    if beginning.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "a web page, as a server sends for a file that it does not give"
    return f"of an unknown format: it begins with the bytes {beginning[:8].hex(' ')}"


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(set(Image.OPEN) - NEED_MORE)


@cache
def _suffixes() -> frozenset[str]:
    endings = Image.registered_extensions().items()
    return frozenset(ending for ending, kind in endings if kind in _formats())


def _orientation(image: Image.Image) -> int | None:
    return image.getexif().get(ExifTags.Base.Orientation)


def _is_grey(image: Image.Image) -> bool:
    return image.mode in GREY_MODES or image.mode.startswith("I")


def _white(image: ImageFile.ImageFile, brightest: float | None) -> float | None:
    """Return what Pillow will make of the brightest number in the file of an opened image.

    Of colours it keeps 8 of 16 bits, and it stretches Netpbm's numbers to the range of its own.
    """
    if brightest is None or not image.tile:
        return brightest
    [tile, *_] = image.tile
    args = tile.args if isinstance(tile.args, tuple) else (tile.args,)
    of_pillow = 65535 if image.mode.startswith("I") else 255
    of_file = 65535 if ";16" in str(args[0]) else of_pillow
    if tile.codec_name.startswith("ppm") and isinstance(args[-1], int):
        of_file = args[-1]
    white = brightest * of_pillow / of_file
    if of_pillow == 255 < of_file and white < of_pillow:
        raise ValueError(
            f"its colours are of 16 bits, and of those up to ingest.brightest, {brightest:g}, too "
            "few are kept; allowed: 8 bits, or grey"
        )
    return white


def _in_bytes(
    image: Image.Image, white: float | None, background: str
) -> tuple[Image.Image, list[str]]:
    """Return a grey or RGB image, and how it was changed: what shines through is laid over."""
    if image.mode.startswith("I"):  # Pillow's own conversion cuts everything above 255 off
        scaled = np.asarray(image) / ((white or 65535) / 255)
        return Image.fromarray(np.round(scaled).clip(0, 255).astype(np.uint8)), ["16 bits made 8"]
    converted, changes = _without_transparency(image, background)
    if white is None:
        return converted, changes
    table = [min(round(255 * value / white), 255) for value in range(256)]
    return converted.point(table * len(converted.getbands())), [*changes, "scaled by brightest"]


def _without_transparency(image: Image.Image, background: str) -> tuple[Image.Image, list[str]]:
    mode = "L" if _is_grey(image) else "RGB"
    if image.has_transparency_data:
        above = image.convert("RGBA")
        is_opaque = above.getchannel("A").histogram()[255] == image.width * image.height
        below = Image.new("RGBA", image.size, background)
        laid_over = Image.alpha_composite(below, above).convert(mode)
        return laid_over, [] if is_opaque else ["laid over ingest.background"]
    is_usual = image.mode in (*GREY_MODES, "P", "RGB")
    return image.convert(mode), [] if is_usual else [f"{image.mode} made RGB"]
