"""Two people on one server: an experiment, a study and champions that they share."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_USER

from autoencoder_lab.tracking.runs.one_run import find_or_create

from ..end_to_end.conftest import ProjectCopy, commit
from .team import TeamServer, copy_project_of_team, running_team_server

CELL = ("run", "--env=smoke", "--pipelines=linear", "--params=run_key=together,seed=1")
STUDY = ("study", "--env=smoke", "--run-key=together", "--datasets=tiny", "--seeds=1")
GRANT = "3.0/mlflow/users/permissions/grant"
RESULTS = "data/08_reporting/tiny/together"


@dataclass(frozen=True)
class Team:
    """A server, and the working copies of anna, who began, and ben, who may write."""

    server: TeamServer
    copies: dict[str, ProjectCopy]

    def kedro(self, user: str, *arguments: str) -> str:
        done = self.copies[user].kedro(*arguments, **self.server.variables(user))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """Return a team of which ben has finished what anna began."""
    of_anna = copy_project_of_team(tmp_path_factory.mktemp("anna"))
    commit(of_anna)
    of_ben = ProjectCopy(tmp_path_factory.mktemp("ben") / "lab")
    subprocess.run(["git", "clone", "-q", of_anna.folder, of_ben.folder], check=True)
    shutil.copytree(of_anna.folder / "data", of_ben.folder / "data")
    with running_team_server("anna", "ben") as server:
        team = Team(server, {"anna": of_anna, "ben": of_ben})
        team.kedro("anna", *CELL)
        grant = {"username": "ben", "resource_type": "experiment", "resource_id": "1"}
        granted, _ = server.ask("anna", GRANT, {**grant, "permission": "EDIT"})
        assert granted == HTTPStatus.OK
        team.kedro("ben", *STUDY, "--variants=linear,tied")
        yield team


@pytest.fixture
def client(team: Team, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    """Return a client that is logged in as ben."""
    for name, value in team.server.variables("ben").items():
        monkeypatch.setenv(name, value)
    return MlflowClient(team.server.address)


def run_named(client: MlflowClient, name: str) -> Run:
    [run] = client.search_runs(["1"], f"attributes.run_name = '{name}'")
    return run


def test_what_one_has_finished_is_not_run_again(team: Team) -> None:
    folder = team.copies["ben"].folder / RESULTS

    assert {path.name for path in folder.iterdir()} == {"comparison", "shared", "tied"}


def test_a_comparison_has_the_runs_of_both_and_says_whose_they_are(
    team: Team, client: MlflowClient
) -> None:
    folder = team.copies["ben"].folder / RESULTS / "comparison"

    cells = pd.read_csv(folder / "cells.csv")
    promotion = json.loads((folder / "promotion.json").read_text())
    champion = client.get_model_version_by_alias("autoencoder-tiny", "champion")

    assert dict(zip(cells["variant"], cells["user"], strict=True)) == {
        "linear": "anna",
        "tied": "ben",
    }
    assert cells["left_out_as"].isna().all()
    assert "run by anna (linear) and ben (tied);" in (folder / "report.html").read_text()
    assert run_named(client, "together").data.tags[MLFLOW_USER] == "anna"  # who began the study
    assert (promotion["is_promoted"], promotion["run_id"]) == (True, champion.run_id)


def test_one_replays_the_run_of_another(team: Team, client: MlflowClient) -> None:
    original = run_named(client, "linear tiny 1")

    team.kedro("ben", "replay", original.info.run_id, "--env=smoke")

    [replay] = client.search_runs(["1"], f"tags.replay_of = '{original.info.run_id}'")
    assert replay.data.tags["replay_is_equal"] == "true"
    assert replay.data.tags[MLFLOW_USER] == "ben"


def test_doctor_finds_nothing_wrong(team: Team) -> None:
    assert "✗" not in team.kedro("ben", "doctor", "--env=smoke")


def test_who_may_not_delete_puts_a_run_that_lost_an_election_out_of_the_way(
    client: MlflowClient,
) -> None:
    tags = {"run_key": "at once", "variant": "tied"}
    candidates = [
        client.create_run("1", run_name="tied", tags=tags, start_time=1000 + n) for n in range(2)
    ]

    found = [find_or_create(client, "1", "tied", tags)[0].info.run_id for _ in range(2)]

    first, second = (run.info.run_id for run in candidates)
    assert found == [first, first]
    assert client.get_run(second).info.status == "KILLED"
    assert [run.info.run_id for run in client.search_runs(["1"], "tags.run_key = 'at once'")] == [
        first
    ]
