"""The arrays of a data set on this machine's disk, from where they are mapped into memory.

They are made once, in one piece, in a folder named after all that they were made from.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path

import numpy as np
from filelock import FileLock

from autoencoder_lab.images.arrays import RawImages
from autoencoder_lab.parameters import ReadingParams

from .blocks import Blocks
from .found_arrays import Found
from .listing import Stamp

FORMAT = 4
"""Counts the ways in which this project has made arrays of files."""

ABOUT = "about.json"


def key(stamps: Mapping[str, Stamp], params: ReadingParams) -> str:
    """Return a name for what arrays depend on: the files, the parameters, and what reads them."""
    files = sorted((file, *stamp) for file, stamp in stamps.items())
    reading = params.model_dump(include=set(ReadingParams.model_fields))
    facts = json.dumps([files, reading, FORMAT, version("pillow")])
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


@contextmanager
def made_in_one_piece(folder: Path) -> Iterator[Path | None]:
    """Lend an empty folder that takes the place of `folder`, unless what is done in it fails.

    It lends none where the folder is there already. One process at a time makes arrays of a data
    set; others wait for it.
    """
    if folder.is_dir():
        yield None
        return
    place = folder.parent
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / ".lock"):
        if folder.is_dir():
            yield None
            return
        partial = place / ".partial"
        shutil.rmtree(partial, ignore_errors=True)  # left by a process that was killed
        partial.mkdir()
        try:
            yield partial
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def write(arrays: Found, folder: Path) -> None:
    """Write the images and labels of all splits, and what else is to be known of them."""
    _require_space(folder, arrays.images)
    for split, images in arrays.images.items():
        _write_images(folder / f"{split}_images.npy", images)
        np.save(folder / f"{split}_labels.npy", arrays.labels[split])
        if split in arrays.files:
            (folder / f"{split}_files.json").write_text(json.dumps(arrays.files[split]))
    about = {"class_names": list(arrays.class_names), "changed": dict(arrays.changes)}
    (folder / ABOUT).write_text(json.dumps(about, indent=1))


def load(folder: Path) -> RawImages:
    """Return what `write` wrote; images are mapped from their files, read only."""
    about = json.loads((folder / ABOUT).read_text())
    images = {file.stem: np.load(file, mmap_mode="r") for file in folder.glob("*_images.npy")}
    labels = {file.stem: np.load(file) for file in folder.glob("*_labels.npy")}
    files = {
        file.stem.removesuffix("_files"): json.loads(file.read_text())
        for file in folder.glob("*_files.json")
    }
    return RawImages(
        **images,
        **labels,
        class_names=dict(enumerate(about["class_names"])),
        reading={"changed": about["changed"]},
        files=files,
    )


def _write_images(file: Path, images: Blocks) -> None:
    with file.open("wb") as content:
        header = {"descr": images.dtype.str, "fortran_order": False, "shape": images.shape}
        np.lib.format.write_array_header_2_0(content, header)
        with closing(images.read()) as blocks:
            for block in blocks:
                content.write(np.ascontiguousarray(block).data)


def _require_space(folder: Path, splits: Mapping[str, Blocks]) -> None:
    needed = sum(images.n_bytes for images in splits.values())
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ValueError(
            f"{folder.parent} has {free / 1e9:.1f} GB left; needed: {needed / 1e9:.1f} GB for the "
            "data set's images. Make room, or choose a smaller ingest.height and ingest.width"
        )
