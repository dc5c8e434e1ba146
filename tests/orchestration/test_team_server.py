"""`make team-server`: log-ins, and who may do what, over HTTP."""

import socket
import stat
import subprocess
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psutil
import pytest

from ..end_to_end.conftest import ProjectCopy, copy_tiny_project
from .services import temporary_home
from .team import TeamServer, copy_project_of_team, running_team_server

EXPERIMENT = "autoencoder_lab"
GRANT = "3.0/mlflow/users/permissions/grant"
SETTINGS = ("server.env", "pgpass", "basic_auth.ini")


@pytest.fixture(scope="module")
def server() -> Iterator[TeamServer]:
    with running_team_server("anna", "ben", "carl") as server:
        yield server


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    return copy_project_of_team(tmp_path_factory.mktemp("team"))


def test_it_listens_on_the_loopback_interface_alone(server: TeamServer) -> None:
    started = [int(file.read_text().split()[0]) for file in (server.home / "pids").iterdir()]
    family = {
        process.pid
        for pid in started
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    }

    listening = {
        connection.laddr
        for connection in psutil.net_connections("inet")
        if connection.pid in family and connection.status == psutil.CONN_LISTEN
    }

    assert server.port in {address.port for address in listening}
    assert len({address.port for address in listening}) == 2  # and PostgreSQL
    assert {address.ip for address in listening} == {"127.0.0.1"}


def test_secrets_are_in_files_of_their_owner_alone(server: TeamServer) -> None:
    commands = [
        " ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])
    ]
    logs = [file.read_text() for file in (server.home / "logs").iterdir()]

    assert len({*server.secrets}) == 3
    for secret in server.secrets:
        assert len(secret) > 20
        assert not any(secret in text for text in (*commands, *logs))
    for name in SETTINGS:
        assert stat.S_IMODE((server.home / name).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("user", "password", "host", "status"),
    [
        (None, "", "", HTTPStatus.UNAUTHORIZED),
        ("anna", "wrong", "", HTTPStatus.UNAUTHORIZED),
        ("admin", "password1234", "", HTTPStatus.UNAUTHORIZED),
        ("admin", "password", "", HTTPStatus.UNAUTHORIZED),
        ("anna", "", "", HTTPStatus.OK),
        ("anna", "", "lab.example.org", HTTPStatus.OK),
        ("anna", "", "elsewhere.example.org", HTTPStatus.FORBIDDEN),
    ],
)
def test_who_is_not_known_or_comes_by_another_name_is_refused(
    server: TeamServer, user: str | None, password: str, host: str, status: int
) -> None:
    headers = {"Host": host} if host else {}

    answered, _ = server.ask(
        user, "2.0/mlflow/experiments/search?max_results=1", password=password, **headers
    )

    assert answered == status


def test_runs_say_who_ran_them_and_whoever_may_not_is_told_before_training(
    server: TeamServer, project: ProjectCopy
) -> None:
    def run_as(user: str) -> subprocess.CompletedProcess[str]:
        return project.kedro("run", "--env=smoke", "--pipelines=linear", **server.variables(user))

    of_anna, refused = run_as("anna"), run_as("ben")
    found, answer = server.ask(
        "ben", f"2.0/mlflow/experiments/get-by-name?experiment_name={EXPERIMENT}"
    )
    experiment_id = answer["experiment"]["experiment_id"]
    grant = {
        "username": "ben",
        "resource_type": "experiment",
        "resource_id": experiment_id,
        "permission": "EDIT",
    }
    by_himself, _ = server.ask("ben", GRANT, grant)
    granted, _ = server.ask("anna", GRANT, grant)
    of_ben = run_as("ben")

    assert of_anna.returncode == 0, of_anna.stderr
    assert found == HTTPStatus.OK  # all who log in may read
    assert refused.returncode == 1
    assert (
        "does not let ben write to the experiment autoencoder_lab: who manages it can permit it"
        in " ".join(refused.stderr.split())
    )
    assert "Traceback" not in refused.stdout + refused.stderr
    assert by_himself == HTTPStatus.FORBIDDEN
    assert granted == HTTPStatus.OK  # whoever makes an experiment manages it
    assert of_ben.returncode == 0, of_ben.stderr
    _, answer = server.ask("anna", "2.0/mlflow/runs/search", {"experiment_ids": [experiment_id]})
    tags = [{tag["key"]: tag["value"] for tag in run["data"]["tags"]} for run in answer["runs"]]
    assert [own["mlflow.user"] for own in tags] == ["ben", "anna"]
    assert {run["info"]["status"] for run in answer["runs"]} == {"FINISHED"}


def test_whoever_may_not_move_the_champion_proposes_another(
    server: TeamServer, project: ProjectCopy
) -> None:
    def compare_as(user: str) -> subprocess.CompletedProcess[str]:
        return project.kedro(
            "run", "--env=smoke", "--pipelines=comparison", **server.variables(user)
        )

    model = "autoencoder-tiny"
    of_anna = compare_as("anna")
    alias = {"name": model, "alias": "champion"}
    _, before = server.ask("ben", f"2.0/mlflow/registered-models/get?name={model}")
    removed, _ = server.ask("anna", "2.0/mlflow/registered-models/alias", alias, method="DELETE")
    of_ben = compare_as("ben")
    _, after = server.ask("ben", f"2.0/mlflow/registered-models/get?name={model}")
    _, proposed = server.ask(
        "anna",
        "2.0/mlflow/runs/search",
        {"experiment_ids": ["1"], "filter": f"tags.proposed_champion = '{model}'"},
    )

    assert of_anna.returncode == 0, of_anna.stderr
    assert before["registered_model"]["aliases"] == [{"alias": "champion", "version": "1"}]
    assert removed == HTTPStatus.OK
    assert of_ben.returncode == 0, of_ben.stderr
    assert f"Champion {model}@champion is not yours to move: linear" in of_ben.stdout
    assert "aliases" not in after["registered_model"]
    assert len(proposed["runs"]) == 1


def test_settings_and_users_outlast_a_restart(server: TeamServer) -> None:
    before = {name: (server.home / name).read_bytes() for name in SETTINGS}

    stopped = server.command("stop")
    refused = server.command("start", "--port", "1", "--hosts", "lab.example.org,other.org")
    with socket.create_server(("127.0.0.1", server.port)):  # of another program
        taken = server.command("start")
    started = server.command("start", "--hosts", "lab.example.org")

    assert stopped.stdout.endswith("The team's server is stopped.\n")
    assert refused.returncode == 1
    assert "since its first start; for 1, other.org, change MLFLOW_PORT, or" in refused.stderr
    assert taken.returncode == 1
    assert f"port {server.port} is taken: free it, or change it in {server.home}" in taken.stderr
    assert started.returncode == 0, started.stdout + started.stderr
    assert {name: (server.home / name).read_bytes() for name in SETTINGS} == before
    assert server.ask("anna", "2.0/mlflow/experiments/search?max_results=1")[0] == HTTPStatus.OK


def test_whoever_may_edit_an_experiment_uploads_to_it(
    server: TeamServer, tmp_path: Path, project: ProjectCopy
) -> None:
    own = copy_tiny_project(tmp_path)
    assert own.kedro("run", "--env=smoke", "--pipelines=linear").returncode == 0

    def upload() -> subprocess.CompletedProcess[str]:
        return own.kedro("upload", "--env=team", **server.variables("carl"))

    refused = upload()
    grant = {
        "username": "carl",
        "resource_type": "experiment",
        "resource_id": "1",
        "permission": "EDIT",
    }
    granted, _ = server.ask("admin", GRANT, grant)
    uploaded = upload()

    assert refused.returncode == 1
    refusal = "does not let carl write to the experiment autoencoder_lab"
    assert refusal in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.stdout + refused.stderr
    assert granted == HTTPStatus.OK
    assert uploaded.returncode == 0, uploaded.stderr
    [run] = own.runs()
    search = {"experiment_ids": ["1"], "filter": f"tags.uploaded_from = '{run.info.run_id}'"}
    _, answer = server.ask("ben", "2.0/mlflow/runs/search", search)
    [copy] = answer["runs"]
    tags = {tag["key"]: tag["value"] for tag in copy["data"]["tags"]}
    assert copy["info"]["status"] == "FINISHED"
    assert tags["mlflow.user"] == run.data.tags["mlflow.user"]
    assert tags["uploaded_by"] == "carl"
    assert len(copy["outputs"]["model_outputs"]) == 1


def test_a_backup_is_restored_elsewhere_with_users_permissions_runs_and_artifacts(
    server: TeamServer, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    first = server.command("backup", str(folder))
    server.ask("anna", "2.0/mlflow/experiments/create", {"name": "since"})
    (server.home / "artifacts/since").write_text("the first backup")
    again = server.command("backup", str(folder))
    before, files_before = seen(server), files_below(server.home / "artifacts")
    with temporary_home() as home:
        other = TeamServer(home, server.port)
        too_early = other.command("restore", str(folder))
        stopped = server.command("stop")
        restored = other.command("restore", str(folder))
        try:
            after, files_after = seen(other), files_below(home / "artifacts")
            twice = other.command("restore", str(folder))
        finally:
            other.command("stop")
        secrets, modes = other.secrets, modes_below(home)
    not_running = server.command("backup", str(tmp_path / "of a server that is stopped"))

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert too_early.returncode == 1
    assert f"port {server.port} is taken" in too_early.stderr
    assert stopped.returncode == 0
    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert after == before
    assert {name for name, *_ in before["users"]} == {"admin", "anna", "ben", "carl"}
    assert len(before["runs"]) > 3
    assert [one["name"] for one in before["models"]] == ["autoencoder-tiny"]
    assert files_after == files_before
    assert secrets == server.secrets
    assert modes == dict.fromkeys(SETTINGS, 0o600)
    assert twice.returncode == 1
    assert "already" in twice.stderr
    assert not_running.returncode == 1
    assert "make team-server" in not_running.stderr


def seen(server: TeamServer) -> dict[str, Any]:
    """Return what a server answers of users, permissions, runs and models; log-ins are tried."""
    for user in ("anna", "ben", "carl"):
        assert server.ask(user, "2.0/mlflow/users/current")[0] == HTTPStatus.OK
    _, users = server.ask("admin", "2.0/mlflow/users/list")
    _, experiments = server.ask("carl", "2.0/mlflow/experiments/search?max_results=9")
    ids = [one["experiment_id"] for one in experiments["experiments"]]
    _, runs = server.ask("carl", "2.0/mlflow/runs/search", {"experiment_ids": ids})
    _, models = server.ask("carl", "2.0/mlflow/registered-models/search?max_results=9")
    return {
        "users": [(user["username"], user["is_admin"]) for user in users["users"]],
        "permissions": [
            server.ask("admin", f"3.0/mlflow/users/permissions/list?username={user}")
            for user in ("anna", "ben", "carl")
        ],
        "experiments": experiments["experiments"],
        "runs": in_order(runs["runs"]),
        "models": models["registered_models"],
    }


def in_order(answer: Any) -> Any:
    """Return an answer whose lists are sorted: the order of tags and metrics is not kept."""
    match answer:
        case list():
            return sorted(map(in_order, answer), key=repr)
        case dict():
            return {key: in_order(value) for key, value in sorted(answer.items())}
    return answer


def files_below(folder: Path) -> dict[str, bytes]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def modes_below(home: Path) -> dict[str, int]:
    return {name: stat.S_IMODE((home / name).stat().st_mode) for name in SETTINGS}
