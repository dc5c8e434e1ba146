"""Comparing the installed packages with the lock."""

import re
from collections.abc import Iterator
from pathlib import Path

from packaging.markers import Marker

from autoencoder_lab.cells.environment import normalised, read_packages

from .findings import Check, Problem, check

PINNED = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\]+))?", re.M
)
REMEDY = "rm -r .venv, then make setup"


def check_packages(project: Path) -> Check:
    """Compare the installed packages with `requirements.txt`, as far as it is for this Python."""
    lock = project / "requirements.txt"
    if not lock.exists():
        missing = Problem("requirements.txt is missing", f"git checkout -- {lock}")
        return check("packages", "the lock", [missing])
    expected = {
        normalised(pin["name"]): pin["version"]
        for pin in PINNED.finditer(lock.read_text())
        if not pin["marker"] or Marker(pin["marker"].strip()).evaluate()
    }
    looked_at = f"{len(expected)} packages, as in requirements.txt"
    return check("packages", looked_at, _differences(expected, read_packages()))


def _differences(expected: dict[str, str], installed: dict[str, str]) -> Iterator[Problem]:
    for name, version in expected.items():
        if name not in installed:
            yield Problem(f"{name} is not installed; the lock has {version}", REMEDY)
        elif installed[name] != version:
            yield Problem(f"{name} is {installed[name]}; the lock has {version}", REMEDY)
