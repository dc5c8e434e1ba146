"""Airflow on this machine: its database, API server, scheduler and DAG processor.

All of them listen on the loopback interface alone. What they write, settings and passwords
included, lies in AIRFLOW_HOME; by itself that is the folder .airflow beside this file.
"""

import argparse
import json
import os
import secrets
import shutil
import sys
import urllib.request
from base64 import urlsafe_b64encode
from configparser import RawConfigParser
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from services import HOST, Services, find_postgres, free_port, require_free, write_secret

HERE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("AIRFLOW_HOME", HERE / ".airflow")).resolve()
SETTINGS = HOME / "airflow.cfg"
AIRFLOW = str(Path(sys.executable).with_name("airflow"))
SERVICES = Services("AIRFLOW_HOME", HOME)
PORT = 8080
OWN_DATABASE = "postgresql+psycopg2://airflow:"


def main() -> None:
    """Start or stop the services."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="start | stop", dest="command")
    starting = commands.add_parser("start", help="start what does not run yet")
    starting.add_argument(
        "--port",
        type=int,
        help=f"of Airflow's pages ({PORT}); settled at the first start",
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


def start(port: int | None, *, is_celery: bool) -> None:
    """Start what does not run yet, wait until it answers, and say where."""
    find_postgres()
    if is_celery and not shutil.which("redis-server"):
        sys.exit("Redis is missing: apt install redis-server, or brew install redis")
    SERVICES.prepare()
    if not SETTINGS.exists():
        _configure(port or PORT, is_celery=is_celery)
    settings = RawConfigParser()
    settings.read(SETTINGS)
    _require_as_settled(settings, port, is_celery=is_celery)
    database = urlsplit(settings["database"]["sql_alchemy_conn"])
    SERVICES.start_postgres(
        user=str(database.username), password=str(database.password), port=int(database.port or 0)
    )
    if settings["core"]["executor"] == "CeleryExecutor":
        broker = urlsplit(settings["celery"]["broker_url"])
        lines = {"bind": HOST, "port": broker.port, "dir": HOME, "requirepass": broker.password}
        file = HOME / "redis.conf"  # options would show the password to all who list processes
        write_secret(file, "".join(f'{key} "{value}"\n' for key, value in lines.items()))
        SERVICES.start("redis", ["redis-server", file])
    print("Starting Airflow ...", flush=True)
    SERVICES.finish("migration", [AIRFLOW, "db", "migrate"])
    # Their logs would be served on all networks; here the API server reads the files.
    SERVICES.start("scheduler", [AIRFLOW, "scheduler", "--skip-serve-logs"])
    SERVICES.start("dag-processor", [AIRFLOW, "dag-processor"])
    own_port = settings.getint("api", "port")
    SERVICES.start("api-server", [AIRFLOW, "api-server"], port=own_port)
    address = settings["api"]["base_url"]
    SERVICES.wait("api-server", lambda: _is_healthy(address))
    print(f"Airflow runs at {address}; its logs are in {SERVICES.logs}.")
    print("Switch a DAG on there, and it runs on its schedule. To stop: make schedule-stop")


def stop() -> None:
    """Stop all services, the last started first, and what they have started."""
    print("Airflow is stopped." if SERVICES.stop() else "Airflow does not run.")


def _configure(port: int, *, is_celery: bool) -> None:
    """Write the settings, with passwords of their own, and show the one that a person needs."""
    require_free(port, "choose another, as make schedule PORT=8081")
    password = secrets.token_urlsafe(12)
    write_secret(HOME / "passwords.json", json.dumps({"admin": password}))
    filled = Template((HERE / "airflow.cfg.template").read_text()).substitute(
        executor="CeleryExecutor" if is_celery else "LocalExecutor",
        dags=HERE / "dags",
        home=HOME,
        host=HOST,
        port=port,
        parallelism=1000 if is_celery else _usable_cores(),
        fernet_key=urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        api_secret=secrets.token_urlsafe(32),
        jwt_secret=secrets.token_urlsafe(64),
        database_password=secrets.token_urlsafe(24),
        database_port=free_port(),
        redis_password=secrets.token_urlsafe(24),
        redis_port=free_port(),
    )
    print(f"User admin, password {password}: it is shown this once.", flush=True)
    write_secret(SETTINGS, filled)


def _require_as_settled(settings: RawConfigParser, port: int | None, *, is_celery: bool) -> None:
    """Exit if Airflow is not this project's, or not as the options say."""
    database = settings.get("database", "sql_alchemy_conn", fallback="")
    if not database.startswith(OWN_DATABASE):
        sys.exit(f"{SETTINGS} is of another Airflow: unset AIRFLOW_HOME, or name another folder")
    settled = settings["api"]["port"]
    if port and str(port) != settled:
        sys.exit(
            f"Airflow in {HOME} is of port {settled} since its first start: for another, change "
            f"port and base_url in [api], and execution_api_server_url in [core], in {SETTINGS}"
        )
    if is_celery and settings["core"]["executor"] != "CeleryExecutor":
        sys.exit(
            f"Airflow in {HOME} is without a queue since its first start: stop it, move {HOME} "
            "away, and start again"
        )


def _usable_cores() -> int:
    """Return how many cores are allowed, of those that there are; macOS allows all."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/api/v2/monitor/health", timeout=5) as answer:
            health = json.load(answer)
        return all(health[part]["status"] == "healthy" for part in ("scheduler", "dag_processor"))
    except (OSError, ValueError, KeyError):  # nobody answers, or somebody else
        return False


if __name__ == "__main__":
    main()
