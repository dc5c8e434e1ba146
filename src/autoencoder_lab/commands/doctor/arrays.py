"""Finding decoded images that nothing uses any more."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autoencoder_lab.cells.stored_files import data_folder
from autoencoder_lab.datasets import RawImagesDataset

from .findings import Check, Problem, check

PLACE = "data/02_intermediate"


def check_arrays(project: Path, root: str, reading: Mapping[str, Any]) -> Check:
    """Check that arrays are of the files and the `ingest` parameters that there are now.

    Those of a data set that cannot be looked at are left alone.

    Args:
        root: Under which raw images are: an address, or a folder of the project.
        reading: The `ingest` parameters.
    """
    place = project / PLACE
    raw = data_folder(root, project=project) / "01_raw"
    # What begins with a point is being decoded now, or belongs to the system.
    folders = sorted(folder for folder in place.glob("*/[!.]*") if folder.is_dir())
    in_use: set[Path] = set()
    unknown: set[str] = set()
    for name in sorted({folder.parent.name for folder in folders}):
        dataset = RawImagesDataset(filepath=str(raw / name), path=str(place), reading=reading)
        try:
            in_use.add(dataset.arrays())
        except Exception:  # there are none any more, or wrong ones, or their store is away
            unknown.add(name)
    unused = [path for path in folders if path not in in_use and path.parent.name not in unknown]
    return check("arrays", f"{len(folders)} in {PLACE}", _problems(unused, project))


def _problems(unused: list[Path], project: Path) -> Iterator[Problem]:
    for folder in unused:
        n_bytes = sum(file.stat().st_size for file in folder.iterdir())
        shown = folder.relative_to(project)
        yield Problem(
            f"{shown} holds {n_bytes / 1e6:,.0f} MB of images as other files or other ingest "
            "parameters give them",
            f"rm -r {shown}: they are decoded again when needed",
        )
