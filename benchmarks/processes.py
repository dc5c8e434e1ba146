"""Measurements that are a process of their own each, so that none finds what another has loaded."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]

ONE_THREAD = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1"}
"""A sum is added up in one thread, as in a session's nodes."""


def start(module: str, *arguments: str, python: str = sys.executable, **variables: str) -> str:
    """Run a module of this folder in a process of its own, and return what it prints."""
    return subprocess.run(
        [python, "-m", f"{__package__}.{module}", *arguments],
        cwd=PROJECT,
        env={**os.environ, **ONE_THREAD, "PYTHONPATH": "src", **variables},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def measure(
    module: str, *arguments: str, python: str = sys.executable, **variables: str
) -> dict[str, Any]:
    """Return what a module says of itself: JSON, in its last line."""
    result: dict[str, Any] = json.loads(
        start(module, *arguments, python=python, **variables).splitlines()[-1]
    )
    print(f"{module} {' '.join(arguments)}: {result}", flush=True)
    return result


@contextmanager
def team_server() -> Iterator[dict[str, str]]:
    """Run a team's server, and give its settings."""
    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o755)  # PostgreSQL's own user may enter, where this is run by root
        command = [sys.executable, "orchestration/team_server.py"]
        environment = {**os.environ, "TEAM_SERVER_HOME": home}
        try:
            start = [*command, "start", f"--port={free_port()}"]
            subprocess.run(start, cwd=PROJECT, env=environment, check=True)
            lines = (Path(home) / "server.env").read_text().splitlines()
            yield dict(line.split("=", 1) for line in lines)
        finally:
            subprocess.run([*command, "stop"], cwd=PROJECT, env=environment, check=True)


def administrator(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which the administrator of a team's server logs in."""
    return {
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{settings['MLFLOW_PORT']}",
        "MLFLOW_TRACKING_USERNAME": settings["MLFLOW_AUTH_ADMIN_USERNAME"],
        "MLFLOW_TRACKING_PASSWORD": settings["MLFLOW_AUTH_ADMIN_PASSWORD"],
    }


def free_port() -> int:
    """Return a port that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
