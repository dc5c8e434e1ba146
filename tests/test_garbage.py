import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
SCRIPT = """
from autoencoder_lab.garbage import tune_gc

class Cycle:
    def __init__(self):
        self.me = self
    def __del__(self):
        print("found")

{first}
Cycle()
{then}
"""


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
        [sys.executable, "-c", SCRIPT.format(first=first, then=then)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )

    assert done.stdout.count("found") == n_found
