"""One image file as pixels, by Pillow: upright, in bytes, and of the data set's shape."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps
from upath import UPath

from autoencoder_lab.arrays import ImageShape
from autoencoder_lab.parameters import ReadingParams

NEED_MORE = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}
"""Formats that Pillow knows and, without other programs, does not read."""

ONE_PICTURE = {"MPO", "PSD"}
"""Formats whose first frame is the image: the others are previews, or its layers."""

TURNED_ASIDE = (5, 6, 7, 8)
GREY_MODES = ("1", "L", "LA", "La")

BytePixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """What an image file's header says.

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
    """Return what the header says; raise one of Pillow's many errors where it is none."""
    with _open(file) as image:
        width, height = image.size
        is_aside = image.getexif().get(ExifTags.Base.Orientation) in TURNED_ASIDE
        size = (height, width) if is_aside else (width, height)
        return Picture(size, is_grey=_is_grey(image))


def load(file: UPath) -> None:
    """Decode an image: raise what that raises."""
    with _open(file) as image:
        image.load()


def read(file: UPath, shape: ImageShape, params: ReadingParams) -> tuple[BytePixels, list[str]]:
    """Return an image's pixels (height, width, channels), and in what they are not the file's."""
    with _open(file) as opened:
        changes = []
        image: Image.Image = opened
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            image = ImageOps.exif_transpose(image)
            changes.append("turned as EXIF says")
        if image.mode.startswith("I;16"):
            changes.append("16 bits made 8")
        elif image.has_transparency_data:
            changes.append("laid over ingest.background")
        elif image.mode not in (*GREY_MODES, "P", "RGB"):
            changes.append(f"{image.mode} made RGB")
        pixels, shaping = reshape(_in_bytes(image, params.background), shape, params)
    return pixels, changes + shaping


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
def _open(file: UPath) -> Iterator[Image.Image]:
    with file.open("rb") as content, Image.open(content, formats=_formats()) as image:
        n_frames = 1 if image.format in ONE_PICTURE else getattr(image, "n_frames", 1)
        if n_frames > 1:
            raise ValueError(f"it has {n_frames} frames; allowed: 1")
        if 0 in image.size:
            raise ValueError("it has no pixels")
        if image.mode in ("I", "F"):
            kind = "integers" if image.mode == "I" else "floats"
            raise ValueError(f"its pixels are 32-bit {kind}; allowed: 8 or 16 bits")
        yield image


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(set(Image.OPEN) - NEED_MORE)


@cache
def _suffixes() -> frozenset[str]:
    endings = Image.registered_extensions().items()
    return frozenset(ending for ending, kind in endings if kind in _formats())


def _is_grey(image: Image.Image) -> bool:
    return image.mode in GREY_MODES or image.mode.startswith("I;16")


def _in_bytes(image: Image.Image, background: str) -> Image.Image:
    """Return a grey or RGB image: transparency is laid over the background."""
    mode = "L" if _is_grey(image) else "RGB"
    if image.mode.startswith("I;16"):  # Pillow's own conversion cuts everything above 255 off
        return Image.fromarray(np.round(np.asarray(image) / 257).astype(np.uint8))
    if image.has_transparency_data:
        below = Image.new("RGBA", image.size, background)
        return Image.alpha_composite(below, image.convert("RGBA")).convert(mode)
    return image.convert(mode)
