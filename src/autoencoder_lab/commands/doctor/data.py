"""Checking raw data against its checksums."""

from collections.abc import Iterator
from pathlib import Path

from upath import UPath

from autoencoder_lab.cells.stored_files import data_folder
from autoencoder_lab.datasets import checksums

from .findings import Check, Problem, check


def check_data(project: Path, root: str) -> Check:
    """Check all data sets that have checksums; those that are not fetched yet are left out.

    Args:
        root: Under which they are: an address, or a folder of the project.
    """
    place = data_folder(root, project=project) / "01_raw"
    try:
        folders = [
            sums.parent
            for sums in sorted(place.glob(f"*/{checksums.FILE_NAME}"))
            if checksums.is_there(sums.parent)
        ]
    except Exception as error:  # of the library of an object store
        remedy = "Look at data_root in globals.yml, and at the credentials"
        return check("data", str(place), [Problem(f"{place} cannot be read: {error}", remedy)])
    names = ", ".join(folder.name for folder in folders) or "no data set"
    return check("data", f"checksums of {names}", _problems(folders))


def _problems(folders: list[UPath]) -> Iterator[Problem]:
    for folder in folders:
        try:
            checksums.verify(folder, can_fetch=False)
        except ValueError as error:
            text, _, remedy = str(error).rpartition("\n")
            yield Problem(text or remedy, remedy)
