"""The files of what a model makes of images, written part by part."""

import json
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Literal
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from autoencoder_lab.images.arrays import Images, ImageShape

TABLE = "images.parquet"
RECONSTRUCTIONS = "reconstructions"
ABOUT = "about.json"
FIGURE = "largest_errors.png"

ROWS_AT_ONCE = 10_000
"""In a row group of the table: few would make it slow to read."""

ImageForm = Literal["png", "npz"]


class ResultFiles:
    """A folder's table and reconstructions, as long as they are written to."""

    def __init__(self, folder: Path, form: ImageForm | None, n: int, shape: ImageShape) -> None:
        """Begin with none.

        Args:
            form: Of the reconstructions; None for none.
            n, shape: Of the images: how many will come, and what each is like.
        """
        self._folder, self._form, self._shape = folder, form, (n, *shape)
        self._open = ExitStack()
        self._rows: list[pa.Table] = []
        self._table: pq.ParquetWriter | None = None
        self._array: IO[bytes] | None = None

    def __enter__(self) -> "ResultFiles":
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self._write_rows()
        finally:
            self._open.close()

    def write(self, columns: Mapping[str, pa.Array], reconstructions: Images | None) -> None:
        """Write a part: rows of the table, whose first column has names, and reconstructions."""
        table = pa.table(dict(columns))
        self._rows.append(table)
        if sum(map(len, self._rows)) >= ROWS_AT_ONCE:
            self._write_rows()
        if reconstructions is None:
            return
        if self._form == "png":
            names = table.column(0).to_pylist()
            self._write_pngs(names, reconstructions)
        elif self._form == "npz":
            self._write_to_array(reconstructions)

    def _write_rows(self) -> None:
        if not self._rows:
            return
        rows, self._rows = pa.concat_tables(self._rows), []
        if self._table is None:
            writer = pq.ParquetWriter(self._folder / TABLE, rows.schema)
            self._table = self._open.enter_context(writer)
        self._table.write_table(rows)

    def _write_pngs(self, names: Sequence[str], images: Images) -> None:
        levels = np.round(255 * images.clip(0, 1)).astype(np.uint8)
        for name, image in zip(names, levels, strict=True):
            folder = self._folder / RECONSTRUCTIONS
            file = folder / f"{name}.png"
            if not file.resolve().is_relative_to(folder.resolve()):  # names are others'
                raise ValueError(f"an image is called {name}, which leads out of the folder")
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file)

    def _write_to_array(self, images: Images) -> None:
        if self._array is None:
            file = self._folder / f"{RECONSTRUCTIONS}.npz"
            archive = self._open.enter_context(ZipFile(file, "w", ZIP_DEFLATED))
            member = archive.open("images.npy", "w", force_zip64=True)
            self._array = self._open.enter_context(member)
            header = {"descr": images.dtype.str, "fortran_order": False, "shape": self._shape}
            np.lib.format.write_array_header_2_0(self._array, header)
        self._array.write(np.ascontiguousarray(images).data)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Lend a folder whose files are in `folder` once all are written, and gone if something fails.

    Args:
        folder: A new one, or an empty one, which may be a link or a mounted disk.
    """
    is_there = folder.exists()
    place = folder if is_there else folder.parent
    place.mkdir(parents=True, exist_ok=True)
    partial = place / f".{uuid.uuid4().hex}.partial"
    partial.mkdir()
    try:
        yield partial
        if is_there:
            for made in partial.iterdir():
                made.rename(folder / made.name)
        else:
            partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_about(folder: Path, about: Mapping[str, object]) -> None:
    """Write of what and by what the files were made."""
    (folder / ABOUT).write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n")
