"""IDX files, MNIST's own format: a magic number, the sizes, and then the bytes.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits".
"""

import gzip
import math
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .found_arrays import FoundArray
from .messages import shortened

FILE_NAMES = re.compile(r"(train|t10k|test)-(images-idx[34]|labels-idx1)-ubyte(\.gz)?")
UNSIGNED_BYTE = 8


def read(folder: Path, files: list[Path]) -> dict[str, FoundArray]:
    """Return what the IDX files hold; only the training images have to be there."""
    by_name: dict[str, list[Path]] = {}
    for file in files:
        split, kind = file.name.split("-")[:2]
        by_name.setdefault(f"{'train' if split == 'train' else 'test'}_{kind}", []).append(file)
    if "train_images" not in by_name:
        names = shortened(file.name for file in files)
        raise ValueError(f"{folder} holds {names}; needed: train-images-idx3-ubyte[.gz]")
    doubles = [
        f"{folder} holds {shortened(file.name for file in same)}; allowed: one of these"
        for same in by_name.values()
        if len(same) > 1
    ]
    if doubles:
        raise ValueError("\n".join(doubles))
    return {name: _read_array(file) for name, (file,) in by_name.items()}


def _read_array(file: Path) -> npt.NDArray[np.uint8]:
    n_dimensions = int(file.name.split("-idx")[1][0])
    content = _content(file)
    magic = bytes([0, 0, UNSIGNED_BYTE, n_dimensions])
    if content[:4] != magic:
        raise ValueError(
            f"{file} begins with the bytes {content[:4].hex(' ') or '(none)'}; "
            f"allowed: {magic.hex(' ')}, unsigned bytes in {n_dimensions} dimensions"
        )
    n_header = len(magic) + 4 * n_dimensions
    if len(content) < n_header:
        raise ValueError(f"{file} holds {len(content)} bytes; its header alone has {n_header}")
    shape = struct.unpack_from(f">{n_dimensions}I", content, len(magic))
    n_expected = n_header + math.prod(shape)
    if len(content) != n_expected:
        raise ValueError(
            f"{file} holds {len(content)} bytes; its header, of sizes {shape}, says {n_expected}"
        )
    return np.frombuffer(content, np.uint8, offset=n_header).reshape(shape)


def _content(file: Path) -> bytes:
    stored = file.read_bytes()
    if file.suffix != ".gz":
        return stored
    try:
        return gzip.decompress(stored)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{file} is no whole gzip file: {error}") from error
