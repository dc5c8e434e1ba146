"""Servers that tests start: a free port, and waiting until one answers."""

import socket
import subprocess
import time
import urllib.request


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    """Return once an address answers; raise if the process has ended, or a minute has passed."""
    for _ in range(600):
        try:
            urllib.request.urlopen(address, timeout=5)
        except OSError:
            assert process.poll() is None
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(address)
