"""`make team-server`: log-ins, and who may do what, over HTTP."""

import stat
import subprocess
from collections.abc import Iterator
from http import HTTPStatus

import psutil
import pytest

from ..end_to_end.conftest import ProjectCopy
from .team import TeamServer, copy_project_of_team, running_team_server

EXPERIMENT = "autoencoder_lab"
GRANT = "3.0/mlflow/users/permissions/grant"
SETTINGS = ("server.env", "pgpass", "basic_auth.ini")


@pytest.fixture(scope="module")
def server() -> Iterator[TeamServer]:
    with running_team_server("anna", "ben") as server:
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
    started = server.command("start", "--port", "1")  # of settings that are made already

    assert stopped.stdout.endswith("The team's server is stopped.\n")
    assert started.returncode == 0, started.stdout + started.stderr
    assert {name: (server.home / name).read_bytes() for name in SETTINGS} == before
    assert server.ask("anna", "2.0/mlflow/experiments/search?max_results=1")[0] == HTTPStatus.OK
