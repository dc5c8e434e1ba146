"""Measurements that are a process of their own each, so that none finds what another has loaded."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ONE_THREAD = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1"}
"""A sum is added up in one thread, as in a session's nodes."""


def measure(*command: str | Path) -> dict[str, Any]:
    """Return what a command says of itself: JSON, in its last line."""
    environment = {**os.environ, **ONE_THREAD}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"{' '.join(map(str, command[1:]))}: {result}", flush=True)
    return result
