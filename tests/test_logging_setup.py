import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]

SCRIPT = """
import autoencoder_lab.settings
import warnings

import numpy as np

np.float64(1) / np.zeros(1)
exec("import warnings; warnings.warn('of a framework', UserWarning)", {"__name__": "mlflow.store"})
warnings.warn("the last")
"""


def test_users_see_warnings_about_their_data_and_none_of_the_frameworks() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONPATH": str(PROJECT / "src"), "COLUMNS": "200"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )

    printed = done.stdout + done.stderr
    assert "divide by zero" in printed
    assert "the last" in printed
    assert "of a framework" not in printed
