import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from autoencoder_lab.session.startup import name_a_home

PROJECT = Path(__file__).parents[2]
GARBAGE = """
from autoencoder_lab.session.startup import tune_gc

class Cycle:
    def __init__(self):
        self.me = self
    def __del__(self):
        print("found")

{first}
Cycle()
{then}
"""

WARNINGS = """
import autoencoder_lab.settings
import warnings

import numpy as np

np.float64(1) / np.zeros(1)
exec("import warnings; warnings.warn('of a framework', UserWarning)", {"__name__": "mlflow.store"})
warnings.warn("the last")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "then", "n_found"),
    [
        ("", "", 1),
        ("tune_gc()", "", 0),
        ("tune_gc()", "kept = [[] for _ in range(200_000)]", 1),
    ],
    ids=["at the exit by default", "not at the exit", "but in time"],
)
def test_garbage_is_found_in_time_but_not_looked_for_at_the_exit(
    first: str, then: str, n_found: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GARBAGE.format(first=first, then=then)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT / "src")},
    )

    assert done.stdout.count("found") == n_found


@pytest.mark.slow
def test_users_see_warnings_about_their_data_and_none_of_the_frameworks() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WARNINGS],
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


def test_a_user_whom_the_system_does_not_know_has_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)  # tests have no such user

    name_a_home()

    assert Path.home().is_dir()


@pytest.mark.slow
def test_what_a_terminal_cannot_show_fails_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import autoencoder_lab.settings; print('1 ± 0')"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT / "src"), "PYTHONIOENCODING": "ascii"},
    )

    assert done.stdout == "1 ? 0\n"
