"""Programs of a test's own, which may fork: no thread of another test runs in their process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import autoencoder_lab

from ..waiting import LONGEST_WAIT

SOURCE = str(Path(autoencoder_lab.__file__).parents[1])


def answer_of(script: str, *arguments: str) -> Any:
    """Return what a program prints as JSON."""
    printed = subprocess.check_output(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": SOURCE},
        timeout=LONGEST_WAIT,
    )
    return json.loads(printed)
