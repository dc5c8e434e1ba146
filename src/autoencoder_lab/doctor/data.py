"""Whether raw data is as its checksums say."""

from collections.abc import Iterator
from pathlib import Path

from autoencoder_lab.datasets import checksums

from .findings import Check, Problem, check


def check_data(project: Path) -> Check:
    """Check all data sets that have checksums; those that are not fetched yet are left out."""
    folders = [
        sums.parent
        for sums in sorted((project / "data" / "01_raw").glob(f"*/{checksums.FILE_NAME}"))
        if checksums.is_there(sums.parent)
    ]
    names = ", ".join(folder.name for folder in folders) or "no data set"
    return check("data", f"checksums of {names}", _problems(folders))


def _problems(folders: list[Path]) -> Iterator[Problem]:
    for folder in folders:
        try:
            checksums.verify(folder, can_fetch=False)
        except ValueError as error:
            text, _, remedy = str(error).rpartition("\n")
            yield Problem(text or remedy, remedy)
