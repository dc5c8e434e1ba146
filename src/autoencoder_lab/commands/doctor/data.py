"""Checking raw data against its checksums."""

from collections.abc import Iterator
from pathlib import Path

from upath import UPath

from autoencoder_lab.cells.stored_files import data_folder
from autoencoder_lab.datasets import checksums
from autoencoder_lab.failures import said_by

from .findings import Check, Problem, check


def check_data(project: Path, root: str) -> Check:
    """Check all data sets that have checksums; those that are not fetched yet are left out.

    Args:
        root: Under which they are: an address, or a folder of the project.
    """
    place = data_folder(root, project=project) / "01_raw"
    try:
        folders = [sums.parent for sums in sorted(place.glob(f"*/{checksums.FILE_NAME}"))]
    except Exception as error:  # of the library of an object store
        remedy = "Look at data_root in globals.yml, and at the credentials"
        return check("data", str(place), [Problem(f"{place} cannot be read: {error}", remedy)])
    checked: list[str] = []
    problems = list(_problems(folders, checked))
    return check("data", f"checksums of {', '.join(checked) or 'no data set'}", problems)


def _problems(folders: list[UPath], checked: list[str]) -> Iterator[Problem]:
    """Yield what is wrong with each data set; `checked` takes the names of those that are there."""
    for folder in folders:
        try:
            if not checksums.is_there(folder):
                continue
            checked.append(folder.name)
            checksums.verify(folder, can_fetch=False)
        except Exception as error:  # also of the library of an object store
            text, _, remedy = said_by(error).rpartition("\n")
            if not isinstance(error, ValueError) or not text:
                text, remedy = f"{folder} cannot be checked: {said_by(error)}", f"Look at {folder}"
            yield Problem(text, remedy)
