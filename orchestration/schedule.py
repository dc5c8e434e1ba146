"""Airflow on this machine: its database, API server, scheduler and DAG processor.

All of them listen on the loopback interface alone. What they write, settings and passwords
included, lies in AIRFLOW_HOME; by itself that is the folder .airflow beside this file.
"""

import argparse
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from configparser import RawConfigParser
from contextlib import suppress
from pathlib import Path
from string import Template
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit

import psutil

HERE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("AIRFLOW_HOME", HERE / ".airflow")).resolve()
SETTINGS = HOME / "airflow.cfg"
LOGS = HOME / "logs"
PIDS = HOME / "pids"
AIRFLOW = str(Path(sys.executable).with_name("airflow"))
ENVIRONMENT = {**os.environ, "AIRFLOW_HOME": str(HOME)}

HOST = "127.0.0.1"
POSTGRES_FOLDERS = ("usr/lib/postgresql/*/bin", "opt/homebrew/opt/postgresql@*/bin")
"""Where packages keep PostgreSQL's programs, beside the PATH."""

SECONDS_TO_START = 120
SECONDS_TO_STOP = 20


def main() -> None:
    """Start or stop the services."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="start | stop", dest="command")
    starting = commands.add_parser("start", help="start what does not run yet")
    starting.add_argument(
        "--port",
        type=int,
        default=8080,
        help="of Airflow's pages (8080); settled at the first start",
    )
    starting.add_argument(
        "--celery",
        action="store_true",
        help="with Redis, for workers that are started apart; settled at the first start",
    )
    commands.add_parser("stop", help="stop all of it, and the tasks that run")
    options = parser.parse_args()
    if options.command == "stop":
        stop()
    else:
        start(options.port, is_celery=options.celery)


def start(port: int, *, is_celery: bool) -> None:
    """Start what does not run yet, wait until it answers, and say where."""
    postgres = _find_postgres()
    if is_celery and not shutil.which("redis-server"):
        sys.exit("Redis is missing: apt install redis-server, or brew install redis")
    for folder in (HOME, LOGS, PIDS):
        folder.mkdir(parents=True, exist_ok=True)
    if not SETTINGS.exists():
        _configure(port, is_celery=is_celery)
    settings = RawConfigParser()
    settings.read(SETTINGS)
    _start_database(postgres, urlsplit(settings["database"]["sql_alchemy_conn"]))
    if settings["core"]["executor"] == "CeleryExecutor":
        broker = urlsplit(settings["celery"]["broker_url"])
        lines = {"bind": HOST, "port": broker.port, "dir": HOME, "requirepass": broker.password}
        file = HOME / "redis.conf"  # options would show the password to all who list processes
        _write_secret(file, "".join(f'{key} "{value}"\n' for key, value in lines.items()))
        _start("redis", ["redis-server", file])
    print("Starting Airflow ...", flush=True)
    with (LOGS / "migration.log").open("wb") as log:
        migration = [AIRFLOW, "db", "migrate"]
        if subprocess.call(migration, env=ENVIRONMENT, stdout=log, stderr=log):
            _give_up("migration")
    # Their logs would be served on all networks; here the API server reads the files.
    _start("scheduler", [AIRFLOW, "scheduler", "--skip-serve-logs"])
    _start("dag-processor", [AIRFLOW, "dag-processor"])
    _start("api-server", [AIRFLOW, "api-server"])
    address = settings["api"]["base_url"]
    _wait("api-server", lambda: _is_healthy(address))
    print(f"Airflow runs at {address}; its logs are in {LOGS}.")
    print("Switch a DAG on there, and it runs on its schedule. To stop: make schedule-stop")


def stop() -> None:
    """Stop all services, the last started first, and what they have started."""
    files = sorted(PIDS.glob("*"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files:
        if process := _running(file.name):
            print(f"Stopping {file.name} ...", flush=True)
            _end(process)
        file.unlink()
    print("Airflow is stopped." if files else "Airflow does not run.")


def _configure(port: int, *, is_celery: bool) -> None:
    """Write the settings, with passwords of their own, and show the one that a person needs."""
    _require_free(port)
    password = secrets.token_urlsafe(12)
    _write_secret(HOME / "passwords.json", json.dumps({"admin": password}))
    filled = Template((HERE / "airflow.cfg.template").read_text()).substitute(
        executor="CeleryExecutor" if is_celery else "LocalExecutor",
        dags=HERE / "dags",
        home=HOME,
        host=HOST,
        port=port,
        parallelism=1000 if is_celery else os.cpu_count(),
        fernet_key=urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        api_secret=secrets.token_urlsafe(32),
        jwt_secret=secrets.token_urlsafe(64),
        database_password=secrets.token_urlsafe(24),
        database_port=_free_port(),
        redis_password=secrets.token_urlsafe(24),
        redis_port=_free_port(),
    )
    print(f"User admin, password {password}: it is shown this once.", flush=True)
    _write_secret(SETTINGS, filled)


def _find_postgres() -> Path:
    """Return the folder of PostgreSQL's programs."""
    found = shutil.which("postgres")
    folders = [Path(found).resolve().parent] if found else []
    for pattern in POSTGRES_FOLDERS:
        folders += sorted(Path("/").glob(pattern), reverse=True)  # the newest first
    for folder in folders:
        if (folder / "initdb").exists():
            return folder
    sys.exit("PostgreSQL is missing: apt install postgresql, or brew install postgresql")


def _start_database(programs: Path, address: SplitResult) -> None:
    """Start PostgreSQL, with a cluster of its own that is made where there is none."""
    data = HOME / "postgres"
    owner = _unprivileged(HOME)
    if not data.exists():
        print("Making a database ...", flush=True)
        partial = HOME / "postgres.partial"  # of a start that was cut short, or new
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        with tempfile.NamedTemporaryFile("w") as password:
            password.write(str(address.password))
            password.flush()
            for path in (partial, password.name):
                shutil.chown(path, owner.get("user", os.geteuid()))
            cluster = [f"--pgdata={partial}", f"--username={address.username}", "--encoding=UTF8"]
            log_in = ["--auth=scram-sha-256", f"--pwfile={password.name}"]
            initdb = [str(programs / "initdb"), *cluster, *log_in]
            subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, **owner)
        partial.rename(data)
    where = ["-h", HOST, "-p", str(address.port)]
    _start("postgres", [programs / "postgres", "-D", data, *where, "-k", ""], **owner)
    _wait("postgres", lambda: not subprocess.call([programs / "pg_isready", "-q", *where]))


def _unprivileged(home: Path) -> dict[str, Any]:
    """Return as whom PostgreSQL runs: it refuses root, for whom its package has made a user."""
    if os.geteuid() != 0:
        return {}
    owner: dict[str, Any] = {
        "user": "postgres",
        "group": "postgres",
        "extra_groups": [],
        "cwd": "/",
    }
    if subprocess.call(["ls", home], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **owner):
        sys.exit(
            f"PostgreSQL does not run as root, and its user postgres cannot enter {home}: be "
            "another user, or set AIRFLOW_HOME to a folder that all may enter"
        )
    return owner


def _start(name: str, command: Sequence[str | Path], **options: Any) -> None:
    """Start a service in the background, unless it runs."""
    if _running(name):
        return
    with (LOGS / f"{name}.log").open("ab") as log:
        service = subprocess.Popen(
            command,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # out of reach of Ctrl-C
            **{"cwd": HERE, **options},
        )
    started = psutil.Process(service.pid).create_time()
    (PIDS / name).write_text(f"{service.pid} {started}")


def _running(name: str) -> psutil.Process | None:
    """Return the process of a service, if it is still that which was started."""
    try:
        pid, started = (PIDS / name).read_text().split()
        process = psutil.Process(int(pid))
        is_same = str(process.create_time()) == started
        return process if is_same and process.status() != psutil.STATUS_ZOMBIE else None
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None


def _wait(name: str, is_ready: Callable[[], bool]) -> None:
    """Return once a service is ready; show its last lines if it has ended, or takes too long."""
    deadline = time.monotonic() + SECONDS_TO_START
    while not is_ready():
        if not _running(name) or time.monotonic() > deadline:
            _give_up(name)
        time.sleep(0.5)


def _give_up(name: str) -> NoReturn:
    log = LOGS / f"{name}.log"
    last = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
    sys.exit(f"{name} does not start. The last lines of {log}:\n{last}")


def _is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/api/v2/monitor/health", timeout=5) as answer:
            health = json.load(answer)
    except OSError:
        return False
    return all(health[part]["status"] == "healthy" for part in ("scheduler", "dag_processor"))


def _end(process: psutil.Process) -> None:
    """End a service and what it has started, tasks included: politely first."""
    family = [*process.children(recursive=True), process]
    process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
    for end in (psutil.Process.terminate, psutil.Process.kill):
        _, family = psutil.wait_procs(family, SECONDS_TO_STOP)
        for left in family:
            with suppress(psutil.NoSuchProcess):
                end(left)


def _require_free(port: int) -> None:
    with socket.socket() as wanted:
        wanted.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            wanted.bind((HOST, port))
        except OSError:
            sys.exit(f"port {port} is taken: choose another, as make schedule PORT=8081")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])


def _write_secret(file: Path, content: str) -> None:
    file.touch(mode=0o600)
    file.write_text(content)


if __name__ == "__main__":
    main()
