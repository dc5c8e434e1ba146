"""Checking that there is room for more runs."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .findings import Check, Problem, check

LEAST_FREE = 2 * 10**9
"""Bytes: a study of 30 cells on MNIST leaves 0.3 GB, and models are saved by way of the temporary
folder."""


def check_disk(project: Path, root: str) -> Check:
    """Check the free space where results, runs and temporary files go.

    Args:
        root: Under which results are: a folder of the project, or an address.
    """
    places = [project / root, project / "mlruns", Path(tempfile.gettempdir())]
    free = {place: shutil.disk_usage(place).free for place in places if place.exists()}
    least = min(free.values())
    return check("disk", f"{least / 1e9:.0f} GB free", _problems(free))


def _problems(free: dict[Path, int]) -> Iterator[Problem]:
    for place, n_bytes in free.items():
        if n_bytes < LEAST_FREE:
            yield Problem(
                f"{place} has {n_bytes / 1e9:.1f} GB left; a study needs {LEAST_FREE / 1e9:.0f}",
                "delete run keys in data/ that nobody needs; mlflow gc removes deleted runs",
            )
