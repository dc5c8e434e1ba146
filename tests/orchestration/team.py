"""`make team-server` with users of its own, and what it answers them."""

import base64
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from ..end_to_end.conftest import PROJECT, ProjectCopy, copy_tiny_project
from ..servers import free_port
from .services import temporary_home

PASSWORD = "a password of {}, 1234"


@dataclass(frozen=True)
class TeamServer:
    """A server, and what it answers a user."""

    home: Path
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, str]:
        lines = (self.home / "server.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    @property
    def secrets(self) -> list[str]:
        passwords = [value for key, value in self.settings.items() if "PASSWORD" in key]
        return [
            *passwords,
            self.settings["MLFLOW_FLASK_SERVER_SECRET_KEY"],
            (self.home / "pgpass").read_text().strip().rpartition(":")[2],
        ]

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "orchestration/team_server.py", *arguments],
            cwd=PROJECT,
            env={**os.environ, "TEAM_SERVER_HOME": str(self.home)},
            capture_output=True,
            text=True,
        )

    def password(self, user: str) -> str:
        return (
            self.settings["MLFLOW_AUTH_ADMIN_PASSWORD"]
            if user == "admin"
            else PASSWORD.format(user)
        )

    def variables(self, user: str) -> dict[str, str]:
        """Return the environment in which a user's sessions find the server."""
        return {
            "MLFLOW_TRACKING_URI": self.address,
            "MLFLOW_TRACKING_USERNAME": user,
            "MLFLOW_TRACKING_PASSWORD": self.password(user),
        }

    def ask(
        self,
        user: str | None,
        path: str,
        body: object = None,
        *,
        password: str = "",
        method: str | None = None,
        **headers: str,
    ) -> tuple[int, Any]:
        """Return the status and the answer of MLflow's API."""
        status, answer = self.send(
            user,
            method or ("GET" if body is None else "POST"),
            f"/api/{path}",
            None if body is None else json.dumps(body).encode(),
            password=password,
            **headers,
        )
        if status >= HTTPStatus.BAD_REQUEST:
            return status, answer.decode()
        return status, json.loads(answer or "{}")

    def send(
        self,
        user: str | None,
        method: str,
        path: str,
        data: bytes | None = None,
        *,
        password: str = "",
        **headers: str,
    ) -> tuple[int, bytes]:
        """Return the status and the answer to any request."""
        log_in = f"{user}:{password or (user and self.password(user))}"
        if user:
            headers["Authorization"] = f"Basic {base64.b64encode(log_in.encode()).decode()}"
        request = urllib.request.Request(
            f"{self.address}{path}",
            data=data,
            headers={"Content-Type": "application/json", **headers},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@contextmanager
def running_team_server(*users: str) -> Iterator[TeamServer]:
    """Run a server that knows these users."""
    with temporary_home() as home:
        server = TeamServer(home, free_port())
        started = server.command("start", "--port", str(server.port), "--hosts", "lab.example.org")
        try:
            assert started.returncode == 0, started.stdout + started.stderr
            assert server.address in started.stdout
            for user in users:
                made, _ = server.ask(
                    "admin",
                    "2.0/mlflow/users/create",
                    {"username": user, "password": PASSWORD.format(user)},
                )
                assert made == HTTPStatus.OK
            yield server
        finally:
            server.command("stop")


def copy_project_of_team(parent: Path) -> ProjectCopy:
    """Return a tiny project whose smoke environment tracks where the team's does."""
    project = copy_tiny_project(parent)
    of_team = (project.folder / "conf/team/mlflow.yml").read_text()
    (project.folder / "conf/smoke/mlflow.yml").write_text(of_team)
    return project
