"""MLflow's server for a team on this machine: log-ins, PostgreSQL, and artifacts in a folder.

All of it listens on the loopback interface alone; a reverse proxy lets others in: docs/team.md.
What it writes, settings and passwords included, lies in TEAM_SERVER_HOME; by itself that is the
folder .team-server beside this file.
"""

import argparse
import os
import secrets
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path

from services import HOST, Services, find_postgres, free_port, require_free, write_secret

HERE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("TEAM_SERVER_HOME", HERE / ".team-server")).resolve()
SETTINGS = HOME / "server.env"
LOG_INS = HOME / "basic_auth.ini"
PASSWORDS = HOME / "pgpass"
MLFLOW = Path(sys.executable).with_name("mlflow")
DATABASE, USER = "postgres", "mlflow"
SERVICES = Services("TEAM_SERVER_HOME", HOME)

LOG_INS_LINES = """\
[mlflow]
# What all users may do where nothing else is said: NO_PERMISSIONS, READ, USE, EDIT or MANAGE.
default_permission = READ
database_uri = {database}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
# Passwords are checked once in so many seconds: a hash takes longer than most requests.
auth_cache_ttl_seconds = 60
"""


def main() -> None:
    """Start or stop the server."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="start | stop", dest="command")
    starting = commands.add_parser("start", help="start what does not run yet")
    starting.add_argument(
        "--port", type=int, default=5000, help="of the server (5000); settled at the first start"
    )
    starting.add_argument(
        "--hosts",
        default="",
        help="names by which others reach it through a proxy, as lab.example.org; settled at the "
        "first start",
    )
    commands.add_parser("stop", help="stop the server and its database")
    options = parser.parse_args()
    if options.command == "stop":
        ran = SERVICES.stop()
        print("The team's server is stopped." if ran else "The team's server does not run.")
    else:
        start(options.port, [host for host in options.hosts.split(",") if host])


def start(port: int, hosts: list[str]) -> None:
    """Start what does not run yet, wait until it answers, and say where."""
    find_postgres()
    SERVICES.prepare()
    if not SETTINGS.exists():
        _configure(port, hosts)
    lines = (line.partition("=") for line in SETTINGS.read_text().splitlines())
    settings = {key: value for key, _, value in lines if key and not key.startswith("#")}
    services = replace(SERVICES, environment=settings)
    _, database_port, _, _, password = PASSWORDS.read_text().strip().split(":")
    services.start_postgres(user=USER, password=password, port=int(database_port))
    print("Starting MLflow ...", flush=True)
    # The rest is in its environment, where no list of processes shows it.
    services.start("mlflow", [MLFLOW, "server", "--app-name", "basic-auth"])
    address = f"http://{HOST}:{settings['MLFLOW_PORT']}"
    services.wait("mlflow", lambda: _answers(address))
    print(f"MLflow runs at {address}; its logs are in {services.logs}.")
    print(f"The user admin's password is in {SETTINGS}. To stop: make team-server-stop")


def _configure(port: int, hosts: list[str]) -> None:
    """Write the settings, with passwords and a key of their own."""
    require_free(port, "make team-server TEAM_PORT=5001")
    database_port = free_port()
    # Without the password, which PostgreSQL's library reads from a file.
    database = f"postgresql+psycopg2://{USER}@{HOST}:{database_port}/{DATABASE}"
    write_secret(
        PASSWORDS, f"{HOST}:{database_port}:{DATABASE}:{USER}:{secrets.token_urlsafe(24)}\n"
    )
    write_secret(LOG_INS, LOG_INS_LINES.format(database=database))
    settings = {
        "MLFLOW_HOST": HOST,
        "MLFLOW_PORT": port,
        "MLFLOW_BACKEND_STORE_URI": database,
        "PGPASSFILE": PASSWORDS,
        "MLFLOW_ARTIFACTS_DESTINATION": HOME / "artifacts",
        "MLFLOW_AUTH_CONFIG_PATH": LOG_INS,
        "MLFLOW_AUTH_ADMIN_USERNAME": "admin",
        "MLFLOW_AUTH_ADMIN_PASSWORD": secrets.token_urlsafe(16),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_urlsafe(32),
        "MLFLOW_SERVER_ALLOWED_HOSTS": ",".join(["localhost:*", f"{HOST}:*", *hosts]),
        "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": ",".join(f"https://{host}" for host in hosts),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    # Last: where it is, the others are.
    write_secret(SETTINGS, "".join(f"{key}={value}\n" for key, value in settings.items()))


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    main()
