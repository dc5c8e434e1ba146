"""How long tests wait for what is to come: long enough on any machine, but not for ever."""

import subprocess
import time
from collections.abc import Callable

LONGEST_WAIT = 1800
"""In seconds. All variants on the small digits took 640 on two cores that four others shared."""


def wait_until(is_so: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait for what is to come while a process runs."""
    deadline = time.monotonic() + LONGEST_WAIT
    while not is_so():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
