"""Feeds a reader of files with what no test thought of, and stops at the first it takes badly.

Fuzzing guided by coverage: inputs are changed by chance, from small ones that this script makes,
and those that reach other code are changed further. A reader may refuse an input by a `ValueError`
that names the file. All else is a finding: another exception, a warning, more than ten seconds or
1 GiB of memory, a file opened outside of the data set's folder. The input is then kept in a file,
which `python tests/fuzz.py READER FILE` runs again.

    PYTHONPATH=src /tmp/fuzz/bin/python tests/fuzz.py npz --seconds 600

It needs Atheris, which is not in the lock, in an environment that sees the project's own:

    python3.11 -m venv /tmp/fuzz
    echo $PWD/.venv/lib/python3.11/site-packages > /tmp/fuzz/lib/python3.11/site-packages/lab.pth
    /tmp/fuzz/bin/pip install --no-deps atheris
"""

import argparse
import hashlib
import io
import json
import logging
import os
import resource
import shutil
import struct
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["autoencoder_lab", "numpy.lib", "zipfile", "gzip", "PIL"]):
    import gzip
    import zipfile

    import numpy as np
    from PIL import Image

    from autoencoder_lab.cells import made_from
    from autoencoder_lab.cells.code_state import CodeState
    from autoencoder_lab.cells.fits import FitKeeper
    from autoencoder_lab.cells.made_from import MadeFrom, Origin
    from autoencoder_lab.cells.stored_files import local_file
    from autoencoder_lab.datasets import checksums, idx, image_folder, npz
    from autoencoder_lab.datasets.forms import Reader
    from autoencoder_lab.datasets.found_arrays import Found, prepare
    from autoencoder_lab.datasets.listing import list_files
    from autoencoder_lab.parameters import ReadingParams
    from autoencoder_lab.training.checkpoints import Best, FitState
    from ingest_params import reading_params

SECONDS_FOR_ONE = 10
MOST_MEMORY = 2**30
LONGEST = 4096

WAYS = (reading_params(), reading_params(height=4, width=5, channels=3, brightest=99))
"""Images are read as they are, and brought to a shape and a range."""

IMAGES = np.random.default_rng(0).integers(0, 256, (9, 7, 5, 3), np.uint8)
LABELS = np.arange(9, dtype=np.uint8)
CODE = CodeState(commit="c0ffee00", uncommitted=None, versions={"numpy": "2.4.6"})
ORIGIN = Origin(parameters={"seed": 3, "stacked.model.widths": [100, 30]}, data="d1ce", code=CODE)


@dataclass(frozen=True)
class Target:
    """What is fuzzed.

    Attributes:
        seeds: Inputs to begin with.
        read: Writes an input to an empty folder, and reads it.
        words: What chance would rarely find.
    """

    seeds: Sequence[bytes]
    read: Callable[[Path, bytes], None]
    words: Sequence[str] = ()


def read_data_set(folder: Path, reader: Reader) -> None:
    for params in WAYS:
        with refusals(folder):
            files = list(list_files(folder, None).stamps)
            decode(prepare(reader(folder, files, params), folder, params))


def decode(found: Found) -> Found:
    for images in found.images.values():
        for _ in images.read():
            pass
    return found


@contextmanager
def refusals(folder: Path) -> Iterator[None]:
    """Let what a reader refuses pass, if it is named."""
    try:
        yield
    except ValueError as error:
        is_named = str(folder) in str(error) or "ingest." in str(error)
        if type(error) is not ValueError or not is_named:
            raise


def idx_bytes(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def read_idx(folder: Path, content: bytes) -> None:
    """The first byte says how the others are stored: packed, by name only, or as labels."""
    kind = content[:1]
    kept = gzip.compress(content[1:], 1) if kind == b"z" else content[1:]
    name = "train-images-idx4-ubyte" + (".gz" if kind in (b"z", b"g") else "")
    if kind == b"l":
        (folder / name).write_bytes(idx_bytes(IMAGES))
        name = "train-labels-idx1-ubyte"
    (folder / name).write_bytes(kept)
    read_data_set(folder, idx.read)


IDX = Target(
    [
        *(kind + idx_bytes(IMAGES) for kind in (b" ", b"z", b"g")),
        b"g" + gzip.compress(idx_bytes(IMAGES)),
        b"l" + idx_bytes(LABELS),
    ],
    read_idx,
)


def npy_bytes(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz_bytes(save: Callable[..., None] = np.savez) -> bytes:
    file = io.BytesIO()
    save(file, x_train=IMAGES[..., 0], y_train=LABELS)
    return file.getvalue()


BETWEEN_ARRAYS = b"~~"


def read_npz(folder: Path, content: bytes) -> None:
    """After an `a`, arrays that are to be packed, or their checksums would give every change away.

    After another byte, an archive.
    """
    if content[:1] == b"a":
        images, _, labels = content[1:].partition(BETWEEN_ARRAYS)
        with zipfile.ZipFile(folder / "toys.npz", "w") as archive:
            archive.writestr("x_train.npy", images)
            archive.writestr("y_train.npy", labels)
    else:
        (folder / "toys.npz").write_bytes(content[1:])
    read_data_set(folder, npz.read)


NPZ = Target(
    [
        b" " + npz_bytes(),
        b" " + npz_bytes(np.savez_compressed),
        *(
            b"a" + npy_bytes(images) + BETWEEN_ARRAYS + npy_bytes(labels)
            for images, labels in (
                (IMAGES[..., 0], LABELS),
                (np.asfortranarray(IMAGES / 255), LABELS[:, np.newaxis].astype(">f4")),
                (IMAGES[..., 0].astype(np.float16), LABELS.astype("U")),
            )
        ),
    ],
    read_npz,
    ("'descr': ", "'|V0'", "'<U9'", "'|O'", "'>f8'", "True", "()", "-1", "9" * 9, "9" * 19, "[("),
)


def image_bytes(ending: str, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.fromarray(IMAGES[0]).convert(mode).save(file, ending)
    return file.getvalue()


def read_images(folder: Path, content: bytes) -> None:
    """The first line is the name of an image beside another, the others are what it holds."""
    name, _, kept = content.partition(b"\n")
    (folder / "cat").mkdir()
    (folder / "cat" / "1.png").write_bytes(A_PNG)
    file = folder / os.fsdecode(name)
    if b"\0" in name or ".." in file.parts or not file.is_relative_to(folder):
        return  # no folder holds such a name
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(kept)
    except OSError:
        return  # as before

    def read_and_decode(folder: Path, files: Sequence[str], params: ReadingParams) -> Found:
        return decode(image_folder.read(folder, files, params))  # two are too few to be prepared

    read_data_set(folder, read_and_decode)


A_PNG = image_bytes("PNG")
ONE_MORE = b"cat/more.png\n"
IMAGE_FILES = Target(
    [
        *(
            ONE_MORE + image_bytes(ending)
            for ending in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "TGA", "PPM", "PCX", "AVIF")
        ),
        *(ONE_MORE + image_bytes("PNG", mode) for mode in ("1", "L", "LA", "P", "RGBA", "I;16")),
        *(ONE_MORE + image_bytes("TIFF", mode) for mode in ("CMYK", "F", "I", "LAB")),
        *(name + b"\n" + A_PNG for name in (b"more.png", b"test/cat/1.png", b"train/a/b/1.PNG")),
    ],
    read_images,
)


def read_checksums(folder: Path, content: bytes) -> None:
    (folder / "1.png").write_bytes(A_PNG)
    (folder / checksums.FILE_NAME).write_bytes(content)
    with refusals(folder):
        checksums.is_there(folder)
        checksums.verify(folder, can_fetch=False)


CHECKSUMS = Target(
    [
        f"{hashlib.sha256(A_PNG).hexdigest()}{mark}{name}\n".encode()
        for mark, name in (("  ", "1.png"), (" *", "cat/2.png"), ("  ", "../images.txt"))
    ],
    read_checksums,
    ("../", "/etc/passwd", "//", "a" * 99),
)


def read_made_from(folder: Path, content: bytes) -> None:
    file = local_file(folder / made_from.FILE_NAME)
    file.write(content)
    with refusals(folder):
        record = made_from.read(file)
        for origin in record.files.values():
            made_from.find_problem(file, origin, ORIGIN)
        made_from.write(file, record)
        made_from.read(file)


MADE_FROM = Target(
    [
        MadeFrom(files={"model.keras": ORIGIN}).model_dump_json().encode(),
        MadeFrom(files={}).model_dump_json(indent=1).encode(),
        json.dumps({"version": 2, "files": {"a": None}}).encode(),
    ],
    read_made_from,
    (
        "null",
        "true",
        "[]",
        "{}",
        "[[[[[[[[",
        "NaN",
        "1e999",
        "9" * 99,
        "\\ud800",
        *ORIGIN.model_fields,
    ),
)


def read_fit_state(folder: Path, content: bytes) -> None:
    """A state that is damaged is logged, and the fit starts over: any exception is a finding."""
    file = local_file(folder / "fit_state")
    file.write(content)
    FitKeeper(file, ORIGIN, 60).load()


STATE = FitState("all", 3, False, 1.5, [{"epoch": 1}], Best(), Best(), [IMAGES[0]], [LABELS])
FIT_STATE = Target(
    [
        ORIGIN.model_dump_json().encode() + b"\n" + STATE.to_bytes(),
        ORIGIN.without("stacked").model_dump_json().encode() + b"\n",
    ],
    read_fit_state,
)

TARGETS = {
    "idx": IDX,
    "npz": NPZ,
    "images": IMAGE_FILES,
    "checksums": CHECKSUMS,
    "made_from": MADE_FROM,
    "fit_state": FIT_STATE,
}


def refuse_files_outside(place: Path) -> None:
    """Let opening a file be an error, but for Python's own and those of a folder."""
    allowed = (str(place), sys.base_prefix, *filter(None, sys.path), "/dev/", "/proc/", "/sys/")

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        file = str(arguments[0]) if event == "open" else ""
        if file.startswith("/") and not os.path.normpath(file).startswith(allowed):
            raise AssertionError(f"{file} is opened, outside of the data set")

    sys.addaudithook(watch)


def require_little_memory() -> None:
    """Raise where this process has taken more than it may, now or earlier."""
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if taken > MOST_MEMORY:
        raise AssertionError(f"{taken} bytes of memory are taken; allowed: {MOST_MEMORY}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("reader", choices=TARGETS)
    options.add_argument("input", nargs="*", type=Path, help="what is tried, instead of fuzzing")
    options.add_argument("--seconds", type=int, default=600)
    given = options.parse_args()
    target = TARGETS[given.reader]
    place = Path(tempfile.gettempdir()) / "autoencoder-lab-fuzz" / given.reader
    corpus, folder = place / "inputs", place / "toys"
    corpus.mkdir(parents=True, exist_ok=True)

    def try_one(content: bytes) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        target.read(folder, content)
        require_little_memory()

    logging.disable()
    warnings.simplefilter("error")
    for number, seed in enumerate(target.seeds):
        try_one(seed)  # which also imports what is imported late
        (corpus / f"seed_{number}").write_bytes(seed)
    for file in given.input:
        try_one(file.read_bytes())
    if given.input:
        return
    refuse_files_outside(place)
    limits = [f"-timeout={SECONDS_FOR_ONE}", f"-max_len={LONGEST}", f"-artifact_prefix={place}/"]
    words = place / "words"
    words.write_text("\n".join(["# words", *map(json.dumps, target.words), ""]))
    flags = [*limits, f"-max_total_time={given.seconds}", f"-dict={words}", str(corpus)]
    atheris.Setup([sys.argv[0], *flags], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
