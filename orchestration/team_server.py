"""MLflow's server for a team on this machine: log-ins, PostgreSQL, and artifacts in a folder.

All of it listens on the loopback interface alone; a reverse proxy lets others in, as
docs/team_server.md says. What it writes, settings and passwords included, lies in TEAM_SERVER_HOME;
by itself that is the folder .team-server beside this file.
"""

import argparse
import os
import re
import secrets
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from services import HOST, Services, find_postgres, free_port, require_free, write_secret

HERE = Path(__file__).resolve().parent
LOG_IN = HERE / "team"
"""The folder of `team_log_in.py`, alone, so that MLflow can import nothing else."""

HOME = Path(os.environ.get("TEAM_SERVER_HOME", HERE / ".team-server")).resolve()
SETTINGS = HOME / "server.env"
LOG_INS = HOME / "basic_auth.ini"
PASSWORDS = HOME / "pgpass"
ARTIFACTS = HOME / "artifacts"
MLFLOW = Path(sys.executable).with_name("mlflow")
PORT = 5000
DESTINATION = "MLFLOW_ARTIFACTS_DESTINATION"
DUMP = "database.dump"
DATABASE, USER = "postgres", "mlflow"
SERVICES = Services("TEAM_SERVER_HOME", HOME)

LOG_INS_LINES = """\
[mlflow]
# What all users may do where nothing else is said: NO_PERMISSIONS, READ, USE, EDIT or MANAGE.
default_permission = READ
database_uri = {database}
authorization_function = team_log_in:log_in
# Passwords are checked once in so many seconds: a hash takes longer than most requests.
auth_cache_ttl_seconds = 60
"""


def main() -> None:
    """Start, stop, back up or restore the server."""
    parser = argparse.ArgumentParser(description=__doc__)
    metavar = "start | stop | backup | restore | upgrade"
    commands = parser.add_subparsers(required=True, metavar=metavar, dest="command")
    starting = commands.add_parser("start", help="start what does not run yet")
    starting.add_argument(
        "--port", type=int, help=f"of the server ({PORT}); settled at the first start"
    )
    starting.add_argument(
        "--hosts",
        default="",
        help="names by which others reach it through a proxy, as lab.example.org; settled at the "
        "first start",
    )
    commands.add_parser("stop", help="stop the server and its database")
    backing_up = commands.add_parser("backup", help="copy all of it to a folder while it runs")
    restoring = commands.add_parser("restore", help="make a server of a backup, and start it")
    for command in (backing_up, restoring):
        command.add_argument("folder", type=Path, help="of the backup")
    commands.add_parser("upgrade", help="change the database as a newer MLflow needs it")
    options = parser.parse_args()
    match options.command:
        case "start":
            start(options.port, [host for host in options.hosts.split(",") if host])
        case "stop":
            ran = SERVICES.stop()
            print("The team's server is stopped." if ran else "The team's server does not run.")
        case "backup":
            back_up(options.folder.expanduser().resolve())
        case "restore":
            restore(options.folder.expanduser().resolve())
        case "upgrade":
            upgrade()


def start(port: int | None, hosts: list[str]) -> None:
    """Start what does not run yet, wait until it answers, and say where."""
    find_postgres()
    SERVICES.prepare()
    if SETTINGS.exists():
        _require_as_settled(port, hosts)
    else:
        _configure(port or PORT, hosts)
    services = _start_database()
    print("Starting MLflow ...", flush=True)
    # The rest is in its environment, where no list of processes shows it.
    own_port = int(services.environment["MLFLOW_PORT"])
    services.start("mlflow", [MLFLOW, "server", "--app-name", "basic-auth"], port=own_port)
    address = f"http://{HOST}:{own_port}"
    try:
        services.wait("mlflow", lambda: _answers(address))
    except SystemExit as error:
        if "out-of-date database schema" in str(error):
            sys.exit(
                "The database is of another version of MLflow. Of an older one: make "
                "team-server-backup BACKUP=<folder>, then make team-server-upgrade"
            )
        raise
    print(f"MLflow runs at {address}; its logs are in {services.logs}.")
    print(f"The user admin's password is in {SETTINGS}. To stop: make team-server-stop")


def upgrade() -> None:
    """Let the MLflow that is installed change the database of an older one."""
    _require_server()
    services = _start_database()
    database = services.environment["MLFLOW_BACKEND_STORE_URI"]
    services.finish("upgrade", [MLFLOW, "db", "upgrade", database])
    print("The database is as this MLflow needs it. To start the server: make team-server")


def _start_database() -> Services:
    """Start the database; return the services, with the settings as their environment."""
    services = replace(SERVICES, environment=_read(SETTINGS))
    port, password = _database(PASSWORDS)
    services.start_postgres(user=USER, password=password, port=port)
    return services


def _require_server() -> None:
    if not SETTINGS.exists():
        sys.exit(f"there is no server in {HOME}, which TEAM_SERVER_HOME names")


def back_up(folder: Path) -> None:
    """Copy database, artifacts and settings to a folder, of which an older backup is renewed.

    The database is dumped first, and takes the place of an older dump last: a backup, also one that
    was cut short, has all files that its database names.
    """
    _require_server()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    dump = folder / DUMP
    partial = dump.with_suffix(".partial")
    _run_program("pg_dump", "--format=custom", f"--file={partial}")
    artifacts = _artifacts(_read(SETTINGS))
    if artifacts is not None and artifacts.exists():
        shutil.copytree(
            artifacts, folder / ARTIFACTS.name, copy_function=_copy_if_new, dirs_exist_ok=True
        )
    for file in (PASSWORDS, LOG_INS, SETTINGS):
        write_secret(folder / file.name, file.read_text())
    partial.replace(dump)
    print(f"The backup is in {folder}. It has the server's passwords, too.")
    if artifacts is None:
        print("Artifacts are in an object store, and not in the backup.")


def restore(folder: Path) -> None:
    """Make the server of a backup in an empty home, and start it; begun anew if it was cut short.

    Settings are as they were, but for what names the home or this project, and the database's port.
    """
    if SETTINGS.exists():
        sys.exit(f"a server is in {HOME} already: set TEAM_SERVER_HOME to another folder")
    if not (folder / DUMP).exists():
        sys.exit(f"there is no backup in {folder}")
    find_postgres()
    before = _read(folder / SETTINGS.name)
    require_free(
        int(before["MLFLOW_PORT"]), f"choose another, as MLFLOW_PORT in {folder / SETTINGS.name}"
    )
    SERVICES.prepare()
    SERVICES.stop()  # the database of an attempt that was cut short
    (port_before, password), port = _database(folder / PASSWORDS.name), free_port()
    home_before = Path(before["MLFLOW_AUTH_CONFIG_PATH"]).parent
    settings = {
        file: (folder / file.name)
        .read_text()
        .replace(f"{HOST}:{port_before}", f"{HOST}:{port}")
        .replace(f"{home_before}/", f"{HOME}/")
        .replace(f"PYTHONPATH={before['PYTHONPATH']}", f"PYTHONPATH={LOG_IN}")
        for file in (PASSWORDS, LOG_INS, SETTINGS)
    }
    if _artifacts(before) is not None:  # wherever they were
        own_place = f"{DESTINATION}={ARTIFACTS}"
        settings[SETTINGS] = re.sub(
            rf"^{DESTINATION}=.*$", lambda _: own_place, settings[SETTINGS], flags=re.M
        )
    write_secret(PASSWORDS, settings[PASSWORDS])
    SERVICES.start_postgres(user=USER, password=password, port=port)
    print("Restoring ...", flush=True)
    _run_program("pg_restore", "--exit-on-error", "--clean", "--if-exists", str(folder / DUMP))
    if (folder / ARTIFACTS.name).exists():
        shutil.copytree(folder / ARTIFACTS.name, ARTIFACTS, dirs_exist_ok=True)
    for file in (LOG_INS, SETTINGS):  # the last: where it is, all is
        write_secret(file, settings[file])
    start(None, [])


def _run_program(name: str, *options: str) -> None:
    """Run one of PostgreSQL's programs on the database, which has to run."""
    port, _ = _database(PASSWORDS)
    where = ["-h", HOST, "-p", str(port), "-U", USER, "-d", DATABASE, "--no-password"]
    environment = {**os.environ, "PGPASSFILE": str(PASSWORDS)}
    programs = find_postgres(SERVICES.postgres_data)
    if subprocess.call([programs / name, *where, *options], env=environment):
        sys.exit(f"{name} has failed. Does the server run? To start it: make team-server")


def _copy_if_new(source: str, target: str) -> None:
    """Copy a file, unless it is there: artifacts are many, and few of them change."""
    with suppress(FileNotFoundError):
        now, before = os.stat(source), os.stat(target)
        if (now.st_size, now.st_mtime_ns) == (before.st_size, before.st_mtime_ns):
            return
    shutil.copy2(source, target)


def _read(settings: Path) -> dict[str, str]:
    lines = (line.partition("=") for line in settings.read_text().splitlines())
    return {key: value for key, _, value in lines if key and not key.startswith("#")}


def _artifacts(settings: Mapping[str, str]) -> Path | None:
    """Return the folder of artifacts, if they are not in an object store."""
    destination = settings[DESTINATION].removeprefix("file://")
    return None if "://" in destination else Path(destination)


def _database(passwords: Path) -> tuple[int, str]:
    """Return the port and the password of the database."""
    _, port, _, _, password = passwords.read_text().strip().split(":")
    return int(port), password


def _configure(port: int, hosts: list[str]) -> None:
    """Write the settings, with passwords and a key of their own."""
    require_free(port, "choose another, as make team-server TEAM_PORT=5001")
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
        DESTINATION: ARTIFACTS,
        "MLFLOW_AUTH_CONFIG_PATH": LOG_INS,
        "MLFLOW_AUTH_ADMIN_USERNAME": "admin",
        "MLFLOW_AUTH_ADMIN_PASSWORD": secrets.token_urlsafe(16),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_urlsafe(32),
        "MLFLOW_SERVER_ALLOWED_HOSTS": ",".join(["localhost:*", f"{HOST}:*", *hosts]),
        "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": ",".join(f"https://{host}" for host in hosts),
        # What would let users have the server call others, or run programs.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_ENABLE_AI_GATEWAY": "false",
        # Versions of models are of models that are here: no file, bucket or page of elsewhere.
        "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX": "^(models|runs|mlflow-artifacts):/",
        "PYTHONPATH": LOG_IN,
    }
    # Last: where it is, the others are.
    write_secret(SETTINGS, "".join(f"{key}={value}\n" for key, value in settings.items()))


def _require_as_settled(port: int | None, hosts: list[str]) -> None:
    """Exit if a port or a name is asked for that the server has not."""
    settled = _read(SETTINGS)
    settled_port, names = settled["MLFLOW_PORT"], settled["MLFLOW_SERVER_ALLOWED_HOSTS"].split(",")
    others = [*([str(port)] if port else []), *hosts]
    if unknown := [other for other in others if other not in {settled_port, *names}]:
        sys.exit(
            f"the server in {HOME} is of port {settled_port}, for {', '.join(names)}, since its "
            f"first start; for {', '.join(unknown)}, change MLFLOW_PORT, or "
            "MLFLOW_SERVER_ALLOWED_HOSTS and MLFLOW_SERVER_CORS_ALLOWED_ORIGINS (https://<name>), "
            f"in {SETTINGS}, stop it, and start it without naming them"
        )


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    main()
