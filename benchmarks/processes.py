"""Measurements that are a process of their own each, so that none finds what another has loaded."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]

ONE_THREAD = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1"}
"""A sum is added up in one thread, as in a session's nodes."""


def start(module: str, *arguments: str, python: str = sys.executable) -> str:
    """Run a module of this folder in a process of its own, and return what it prints."""
    return subprocess.run(
        [python, "-m", f"{__package__}.{module}", *arguments],
        cwd=PROJECT,
        env={**os.environ, **ONE_THREAD, "PYTHONPATH": "src"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def measure(module: str, *arguments: str, python: str = sys.executable) -> dict[str, Any]:
    """Return what a module says of itself: JSON, in its last line."""
    result: dict[str, Any] = json.loads(start(module, *arguments, python=python).splitlines()[-1])
    print(f"{module} {' '.join(arguments)}: {result}", flush=True)
    return result
