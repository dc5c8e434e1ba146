"""IDX files, MNIST's own format: a magic number, the sizes, and then the bytes.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits".
"""

import gzip
import math
import re
import struct
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import IO

import numpy as np
from upath import UPath

from autoencoder_lab.parameters import ReadingParams

from .blocks import BYTES_AT_ONCE, MOST_PACKED, Blocks, FoundArray, block_sizes
from .found_arrays import Found
from .messages import shortened

FILE_NAMES = re.compile(
    r"([^/]+[-_])?(?P<split>train|t10k|test)-(?P<kind>images|labels)[-.]idx(?P<dimensions>[134])-ubyte"
    r"(\.gz)?",
    re.IGNORECASE,
)
"""MNIST's names, also with a point, as some unpack them, and after a name, as in EMNIST."""

UNSIGNED_BYTE = np.dtype(np.uint8)
ITS_NUMBER = 8


def read(folder: UPath, files: Sequence[str], _: ReadingParams) -> Found:
    """Return what the IDX files hold: images of one split, at least."""
    by_name: dict[tuple[str, str], list[UPath]] = {}
    for file in (folder / name for name in files):
        parts = _parts(file)
        split = "train" if parts["split"] == "train" else "test"
        by_name.setdefault((parts["kind"], split), []).append(file)
    if not any(kind == "images" for kind, _ in by_name):
        raise ValueError(
            f"{folder} holds {shortened(files)}; needed: images, as train-images-idx3-ubyte[.gz]"
        )
    doubles = [
        f"{folder} holds {shortened(file.name for file in same)}; allowed: one of these "
        "(ingest.pattern chooses)"
        for same in by_name.values()
        if len(same) > 1
    ]
    if doubles:
        raise ValueError("\n".join(doubles))
    arrays = {name: _blocks(file) for name, (file,) in by_name.items()}
    return Found(
        images={split: array for (kind, split), array in arrays.items() if kind == "images"},
        labels={
            split: array.whole() for (kind, split), array in arrays.items() if kind == "labels"
        },
    )


def _parts(file: UPath) -> dict[str, str]:
    """Return what a file's name says: split, kind, and the number of dimensions."""
    name = FILE_NAMES.fullmatch(file.name)
    assert name  # or another reader would have been asked
    return {part: text.lower() for part, text in name.groupdict().items()}


def _blocks(file: UPath) -> Blocks:
    """Return a file's array, of which only the header is read yet."""
    n_dimensions = int(_parts(file)["dimensions"])
    magic = bytes([0, 0, ITS_NUMBER, n_dimensions])
    n_header = len(magic) + 4 * n_dimensions
    with _open(file) as content:
        header = content.read(n_header)
    if header[:4] != magic:
        raise ValueError(
            f"{file} begins with the bytes {header[:4].hex(' ') or '(none)'}; "
            f"allowed: {magic.hex(' ')}, unsigned bytes in {n_dimensions} dimensions"
        )
    if len(header) < n_header:
        raise ValueError(f"{file} holds {len(header)} bytes; its header alone has {n_header}")
    shape = struct.unpack_from(f">{n_dimensions}I", header, len(magic))
    n_most = file.stat().st_size * (MOST_PACKED if file.suffix.lower() == ".gz" else 1)
    if n_header + math.prod(shape) > n_most:  # before so much memory is asked for
        raise ValueError(
            f"{file} holds {n_most} bytes at most; its header, of sizes {shape}, says "
            f"{n_header + math.prod(shape)}"
        )

    def parts() -> Generator[FoundArray]:
        with _open(file) as content:
            n_read = len(content.read(n_header))
            for n in block_sizes(shape, UNSIGNED_BYTE):
                part = content.read(n * math.prod(shape[1:]))
                n_read += len(part)
                if len(part) < n * math.prod(shape[1:]):
                    break
                yield np.frombuffer(part, np.uint8).reshape(n, *shape[1:])
            while more := content.read(BYTES_AT_ONCE):
                n_read += len(more)
        if n_read != n_header + math.prod(shape):
            raise ValueError(
                f"{file} holds {n_read} bytes; its header, of sizes {shape}, says "
                f"{n_header + math.prod(shape)}"
            )

    return Blocks(shape, UNSIGNED_BYTE, parts)


@contextmanager
def _open(file: UPath) -> Iterator[IO[bytes] | gzip.GzipFile]:
    try:
        with file.open("rb") as content:
            if file.suffix.lower() == ".gz":
                with gzip.open(content) as unpacked:
                    yield unpacked
            else:
                yield content
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{file} is no whole gzip file: {error}") from error
