"""Measurements that are a process of their own each, so that none finds what another has loaded."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
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
def team_server(port: int = 5098) -> Iterator[dict[str, str]]:
    """Run a team's server, and give the variables by which its administrator logs in."""
    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o755)  # the user postgres may have to enter it
        command = [sys.executable, "orchestration/team_server.py"]
        environment = {**os.environ, "TEAM_SERVER_HOME": home}
        start = [*command, "start", f"--port={port}"]
        subprocess.run(start, cwd=PROJECT, env=environment, check=True)
        try:
            lines = (Path(home) / "server.env").read_text().splitlines()
            settings = dict(line.split("=", 1) for line in lines)
            yield {
                "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}",
                "MLFLOW_TRACKING_USERNAME": settings["MLFLOW_AUTH_ADMIN_USERNAME"],
                "MLFLOW_TRACKING_PASSWORD": settings["MLFLOW_AUTH_ADMIN_PASSWORD"],
            }
        finally:
            subprocess.run([*command, "stop"], cwd=PROJECT, env=environment, check=True)
