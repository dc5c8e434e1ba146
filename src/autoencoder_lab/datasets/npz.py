"""NumPy archives, with this project's names for the arrays, or those of MedMNIST or Keras."""

import logging
import re
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from .found_arrays import FoundArray
from .messages import shortened

logger = logging.getLogger(__name__)

FILE_NAMES = re.compile(r"[^/]+\.npz")
KEYS = (
    *("train_images", "train_labels"),
    *("validation_images", "validation_labels"),
    *("test_images", "test_labels"),
)
MEDMNIST_KEYS = tuple(key.replace("validation", "val") for key in KEYS)
KERAS_KEYS = ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test")
NAMES = dict(zip(KEYS + MEDMNIST_KEYS + KERAS_KEYS, 3 * KEYS, strict=True))


def read(folder: Path, files: list[Path]) -> dict[str, FoundArray]:
    """Return what the one archive holds; only the training images have to be there."""
    if len(files) > 1:
        listing = shortened(file.name for file in files)
        raise ValueError(f"{folder} holds {listing}; allowed: one .npz")
    (file,) = files
    with file.open("rb") as content, _open(content) as archive:
        keys = [key for key in archive.files if key in NAMES]
        names = {NAMES[key] for key in keys}
        if "train_images" not in names or len(names) < len(keys):
            raise ValueError(
                f"{file} has the keys {shortened(archive.files, limit=10) or '(none)'}; allowed: "
                f"{', '.join(KEYS)}, where val may stand for validation, or "
                f"{', '.join(KERAS_KEYS)}, of which the first is needed"
            )
        if unread := [key for key in archive.files if key not in NAMES]:
            logger.warning("%s: these keys are not read: %s", file, shortened(unread))
        return {NAMES[key]: _read_array(archive, key, file) for key in keys}


def _open(content: BinaryIO) -> np.lib.npyio.NpzFile:
    try:
        archive = np.load(content, allow_pickle=False)
    except (ValueError, EOFError, zipfile.BadZipFile):
        archive = None  # NumPy takes what is no archive for a pickle, and says so
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise ValueError(f"{content.name} is not a whole zip archive of arrays, which a .npz is")
    return archive


def _read_array(archive: np.lib.npyio.NpzFile, key: str, file: Path) -> FoundArray:
    try:
        array = archive[key]
    except (ValueError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(
            f"{file}: key {key} cannot be read ({error}); allowed: arrays of numbers"
        ) from error
    if not isinstance(array, np.ndarray):  # NumPy hands out the bytes of what is no array
        raise ValueError(f"{file}: key {key} is no array; allowed: arrays of numbers")
    return array
