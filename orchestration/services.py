"""Services on this machine: started in the background, waited for, and stopped again.

What belongs to them lies in one folder, their home: logs, the processes that run, and a database.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import psutil

HOST = "127.0.0.1"
POSTGRES_FOLDERS = ("usr/lib/postgresql/*/bin", "opt/homebrew/opt/postgresql@*/bin")
"""Where packages keep PostgreSQL's programs, beside the PATH."""

SECONDS_TO_START = 120
SECONDS_TO_STOP = 20


@dataclass(frozen=True)
class Services:
    """Services that share a home.

    Attributes:
        variable: The environment variable that says where their home is.
        home: A folder for what they write.
        environment: Their environment variables, beside those of this process.
    """

    variable: str
    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def logs(self) -> Path:
        """The folder of what they print."""
        return self.home / "logs"

    @property
    def _pids(self) -> Path:
        return self.home / "pids"

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, self.variable: str(self.home), **self.environment}

    def prepare(self) -> None:
        """Make the folders."""
        for folder in (self.home, self.logs, self._pids):
            folder.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str | Path], **options: Any) -> None:
        """Start a service in the background, unless it runs."""
        if self._running(name):
            return
        with (self.logs / f"{name}.log").open("ab") as log:
            service = subprocess.Popen(
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # out of reach of Ctrl-C
                **{"cwd": self.home, **options},
            )
        started = psutil.Process(service.pid).create_time()
        (self._pids / name).write_text(f"{service.pid} {started}")

    def finish(self, name: str, command: Sequence[str | Path]) -> None:
        """Run a command to its end; show its last lines if it fails."""
        with (self.logs / f"{name}.log").open("wb") as log:
            if subprocess.call(command, env=self._environment, stdout=log, stderr=log):
                self._give_up(name, "has failed")

    def wait(self, name: str, is_ready: Callable[[], bool]) -> None:
        """Return once a service is ready; show its last lines if it has ended, or takes long."""
        deadline = time.monotonic() + SECONDS_TO_START
        while not is_ready():
            if not self._running(name) or time.monotonic() > deadline:
                self._give_up(name, "does not start")
            time.sleep(0.5)

    def stop(self) -> bool:
        """Stop all, the last started first, and what they have started; say whether any ran."""
        files = sorted(self._pids.glob("*"), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in files:
            if process := self._running(file.name):
                print(f"Stopping {file.name} ...", flush=True)
                _end(process)
            file.unlink()
        return bool(files)

    def start_postgres(self, *, user: str, password: str, port: int) -> None:
        """Start PostgreSQL, with a cluster of its own that is made where there is none."""
        programs = find_postgres()
        data = self.home / "postgres"
        owner = self._unprivileged()
        if not data.exists():
            print("Making a database ...", flush=True)
            partial = self.home / "postgres.partial"  # of a start that was cut short, or new
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(mode=0o700)
            with tempfile.NamedTemporaryFile("w") as file:
                file.write(password)
                file.flush()
                for path in (partial, file.name):
                    shutil.chown(path, owner.get("user", os.geteuid()))
                cluster = [f"--pgdata={partial}", f"--username={user}", "--encoding=UTF8"]
                log_in = ["--auth=scram-sha-256", f"--pwfile={file.name}"]
                initdb = [str(programs / "initdb"), *cluster, *log_in]
                subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, **owner)
            partial.rename(data)
        where = ["-h", HOST, "-p", str(port)]
        self.start("postgres", [programs / "postgres", "-D", data, *where, "-k", ""], **owner)
        self.wait("postgres", lambda: not subprocess.call([programs / "pg_isready", "-q", *where]))

    def _unprivileged(self) -> dict[str, Any]:
        """Return as whom PostgreSQL runs: it refuses root, for whom its package has made a user."""
        if os.geteuid() != 0:
            return {}
        owner: dict[str, Any] = {
            "user": "postgres",
            "group": "postgres",
            "extra_groups": [],
            "cwd": "/",
        }
        if subprocess.call(
            ["ls", self.home], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **owner
        ):
            sys.exit(
                f"PostgreSQL does not run as root, and its user postgres cannot enter {self.home}: "
                f"be another user, or set {self.variable} to a folder that all may enter"
            )
        return owner

    def _running(self, name: str) -> psutil.Process | None:
        """Return the process of a service, if it is still that which was started."""
        try:
            pid, started = (self._pids / name).read_text().split()
            process = psutil.Process(int(pid))
            is_same = str(process.create_time()) == started
            return process if is_same and process.status() != psutil.STATUS_ZOMBIE else None
        except (FileNotFoundError, psutil.NoSuchProcess):
            return None

    def _give_up(self, name: str, what: str) -> NoReturn:
        log = self.logs / f"{name}.log"
        last = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
        sys.exit(f"{name} {what}. The last lines of {log}:\n{last}")


def find_postgres() -> Path:
    """Return the folder of PostgreSQL's programs."""
    found = shutil.which("postgres")
    folders = [Path(found).resolve().parent] if found else []
    for pattern in POSTGRES_FOLDERS:
        folders += sorted(Path("/").glob(pattern), reverse=True)  # the newest first
    for folder in folders:
        if (folder / "initdb").exists():
            return folder
    sys.exit("PostgreSQL is missing: apt install postgresql, or brew install postgresql")


def require_free(port: int, command: str) -> None:
    """End with an error where a port is taken, which names a command that takes another."""
    with socket.socket() as wanted:
        wanted.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            wanted.bind((HOST, port))
        except OSError:
            sys.exit(f"port {port} is taken: choose another, as {command}")


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])


def write_secret(file: Path, content: str) -> None:
    """Write a file that only its owner may read."""
    file.touch(mode=0o600)
    file.write_text(content)


def _end(process: psutil.Process) -> None:
    """End a service and what it has started, tasks included: politely first."""
    family = [*process.children(recursive=True), process]
    process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
    for end in (psutil.Process.terminate, psutil.Process.kill):
        _, family = psutil.wait_procs(family, SECONDS_TO_STOP)
        for left in family:
            with suppress(psutil.NoSuchProcess):
                end(left)
