"""Services on this machine: started in the background, waited for, and stopped again.

What belongs to them lies in one folder, their home: logs, the processes that run, and a database.
"""

import os
import re
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

SECONDS_TO_START = 600
"""Of a service whose process lives: machines may be busy."""

SECONDS_TO_STOP = 20

CLOCK_SECONDS = 2
"""How far apart one process' time of start may be read."""


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
    def postgres_data(self) -> Path:
        """The folder of the database."""
        return self.home / "postgres"

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

    def start(
        self, name: str, command: Sequence[str | Path], *, port: int | None = None, **options: Any
    ) -> None:
        """Start a service in the background, unless it runs; its port has to be free."""
        if self._running(name):
            return
        if port:
            require_free(port, f"free it, or change it in {self.home}")
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
        started = _seconds_since_boot(psutil.Process(service.pid))
        (self._pids / name).write_text(f"{service.pid} {started}")

    def finish(self, name: str, command: Sequence[str | Path]) -> None:
        """Run a command to its end; show its last lines if it fails."""
        with (self.logs / f"{name}.log").open("wb") as log:
            if subprocess.call(command, env=self._environment, stdout=log, stderr=log):
                self._give_up(name, "has failed")

    def wait(self, name: str, is_ready: Callable[[], bool]) -> None:
        """Return once a service is ready; show its last lines if it has ended, or takes long."""
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            is_answered = is_ready()
            if not self._running(name) or time.monotonic() > deadline:  # whoever has answered
                self._give_up(name, "does not start")
            if is_answered:
                return
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
        data = self.postgres_data
        programs = find_postgres(data)
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
                # Whatever the locale of whoever starts it, which this machine may not even have.
                text = ["--encoding=UTF8", "--locale=C"]
                cluster = [f"--pgdata={partial}", f"--username={user}", *text]
                log_in = ["--auth=scram-sha-256", f"--pwfile={file.name}"]
                initdb = [str(programs / "initdb"), *cluster, *log_in]
                if subprocess.call(initdb, stdout=subprocess.DEVNULL, **owner):
                    sys.exit(f"{initdb[0]} has failed: see above")
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
            # Versions until 0.2 wrote the time of day, which moves where the clock is set.
            now = (_seconds_since_boot(process), process.create_time())
            is_same = min(abs(float(started) - time) for time in now) < CLOCK_SECONDS
            return process if is_same and process.status() != psutil.STATUS_ZOMBIE else None
        except (FileNotFoundError, psutil.NoSuchProcess):
            return None

    def _give_up(self, name: str, what: str) -> NoReturn:
        log = self.logs / f"{name}.log"
        last = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
        sys.exit(f"{name} {what}. The last lines of {log}:\n{last}")


def find_postgres(data: Path | None = None) -> Path:
    """Return the folder of PostgreSQL's programs: of the version of a database, or the newest."""
    found = shutil.which("postgres")
    folders = [Path(found).resolve().parent] if found else []
    for pattern in POSTGRES_FOLDERS:
        folders += sorted(Path("/").glob(pattern), key=_numbers, reverse=True)  # the newest first
    folders = [folder for folder in folders if (folder / "initdb").exists()]
    if not folders:
        sys.exit("PostgreSQL is missing: apt install postgresql, or brew install postgresql")
    if data is None or not (data / "PG_VERSION").exists():
        return folders[0]
    version = (data / "PG_VERSION").read_text().strip()
    for folder in folders:
        said = subprocess.check_output([folder / "postgres", "--version"], text=True)
        if re.search(rf"\(PostgreSQL\) {re.escape(version)}\b", said):
            return folder
    sys.exit(
        f"the database in {data} is of PostgreSQL {version}, which is not here: install it (apt "
        f"install postgresql-{version}), or make the database anew, with a backup if there is one"
    )


def _numbers(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path))]


def _seconds_since_boot(process: psutil.Process) -> float:
    """Return when a process began, whatever the clock says by then."""
    return float(process.create_time() - psutil.boot_time())


def require_free(port: int, remedy: str) -> None:
    """End with an error where a port is taken, which says what to do."""
    with socket.socket() as wanted:
        wanted.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            wanted.bind((HOST, port))
        except OSError:
            sys.exit(f"port {port} is taken: {remedy}")


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
