"""NumPy archives, with this project's names for the arrays, or those of MedMNIST or Keras."""

import logging
import math
import zipfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
from upath import UPath

from autoencoder_lab.failures import said_by
from autoencoder_lab.parameters import ReadingParams

from .blocks import MOST_PACKED, Blocks, FoundArray, block_sizes
from .found_arrays import Found
from .messages import shortened

logger = logging.getLogger(__name__)

KEYS = (
    *("train_images", "train_labels"),
    *("validation_images", "validation_labels"),
    *("test_images", "test_labels"),
)
MEDMNIST_KEYS = tuple(key.replace("validation", "val") for key in KEYS)
KERAS_KEYS = ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test")
NAMES = dict(zip(KEYS + MEDMNIST_KEYS + KERAS_KEYS, 3 * KEYS, strict=True))
NAMES |= {"images": "train_images", "labels": "train_labels"}
"""What each key of an archive means: `images` alone are to be split, or are new."""


def read(folder: UPath, files: Sequence[str], _: ReadingParams) -> Found:
    """Return what the one archive holds: images of one split, at least."""
    if len(files) > 1:
        listing = shortened(files)
        raise ValueError(f"{folder} holds {listing}; allowed: one .npz (ingest.pattern chooses)")
    (file,) = (folder / name for name in files)
    found_keys = _keys(file)
    keys = {NAMES[key]: key for key in found_keys if key in NAMES}
    has_images = any(name.endswith("_images") for name in keys)
    if not has_images or len(keys) < sum(key in NAMES for key in found_keys):
        raise ValueError(
            f"{file} has the keys {shortened(found_keys, limit=10) or '(none)'}; allowed: "
            f"{', '.join(KEYS)}, where val may stand for validation, or "
            f"{', '.join(KERAS_KEYS)}, or images, labels; images of some kind are needed"
        )
    if unread := [key for key in found_keys if key not in NAMES]:
        logger.warning("%s: these keys are not read: %s", file, shortened(unread))
    arrays = {name: _blocks(file, key) for name, key in keys.items()}
    return Found(
        images={
            name.removesuffix("_images"): blocks
            for name, blocks in arrays.items()
            if name.endswith("_images")
        },
        labels={
            name.removesuffix("_labels"): blocks.whole()
            for name, blocks in arrays.items()
            if name.endswith("_labels")
        },
    )


def _keys(file: UPath) -> list[str]:
    try:
        with _opened(file) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except Exception as error:  # of many kinds, as those that NumPy raises below
        raise ValueError(
            f"{file} is not a whole zip archive of arrays, which a .npz is: {said_by(error)}"
        ) from error


@contextmanager
def _opened(file: UPath) -> Iterator[zipfile.ZipFile]:
    with file.open("rb") as content, zipfile.ZipFile(content) as archive:
        yield archive


def _blocks(file: UPath, key: str) -> Blocks:
    """Return an array of the archive, of which only the header is read yet."""
    try:
        with _opened(file) as archive, archive.open(f"{key}.npy") as member:
            shape, is_fortran, dtype = _header(member)
            n_bytes = member.tell() + math.prod(shape) * dtype.itemsize
            # Archives, too, may promise more than there can be.
            n_most = file.stat().st_size * MOST_PACKED
            n_held = min(archive.getinfo(f"{key}.npy").file_size, n_most)
            if n_bytes > n_held:  # before so much memory is asked for
                raise EOFError(f"it holds {n_held} bytes, of {n_bytes} by its header")
    except KeyError:  # NumPy takes what has not the ending for bytes
        raise ValueError(f"{file}: key {key} is no array; allowed: arrays of numbers") from None
    except Exception as error:
        raise _unreadable(file, key, error) from error

    def parts() -> Generator[FoundArray]:
        try:
            if is_fortran or not shape:
                with file.open("rb") as content, np.load(content, allow_pickle=False) as archive:
                    yield archive[key]
            else:
                yield from _stream(file, key, shape, dtype)
        except Exception as error:
            raise _unreadable(file, key, error) from error

    return Blocks(shape, dtype, parts)


def _stream(
    file: UPath, key: str, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Generator[FoundArray]:
    with _opened(file) as archive, archive.open(f"{key}.npy") as member:
        _header(member)
        for n in block_sizes(shape, dtype):
            block = np.empty((n, *shape[1:]), dtype)
            content = member.read(block.nbytes)
            if len(content) < block.nbytes:
                raise EOFError("it ends too early")
            yield np.frombuffer(content, dtype).reshape(block.shape)


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(member)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read_header is None:  # of arrays of records
        raise ValueError(f"it is of version {version}")
    shape, is_fortran, dtype = read_header(member)
    if dtype.hasobject:
        raise ValueError("it holds Python's objects")
    np.empty((0, *shape[1:]), dtype)  # raises for a shape that no array can have
    return shape, is_fortran, dtype


def _unreadable(file: UPath, key: str, error: Exception) -> ValueError:
    why = said_by(error)
    return ValueError(f"{file}: key {key} cannot be read ({why}); allowed: arrays of numbers")
