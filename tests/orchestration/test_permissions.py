"""What each permission lets a user do on the team's server, over HTTP, and what it lets nobody do.

The table is that of docs/team_server.md. And: that no log-in is in what a run leaves there.
"""

import json
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
import yaml

from ..end_to_end.conftest import commit
from .team import TeamServer, copy_project_of_team, running_team_server

USERS = ("outsider", "reader", "editor", "manager")
"""By what they may do with the experiment and the model: the reader is granted nothing."""

GRANTS = {"outsider": "DENY", "editor": "EDIT", "manager": "MANAGE"}
GRANT = "3.0/mlflow/users/permissions/grant"
MODEL = "autoencoder-tiny"


class Action(NamedTuple):
    """A request, and the first of `USERS` to whom it is allowed: to `admin`, to none of them."""

    allowed_from: str
    method: str
    path: str
    body: object = None


def grant(user: str, resource: str, permission: str, kind: str = "experiment") -> dict[str, str]:
    return {
        "username": user,
        "resource_type": kind,
        "resource_id": resource,
        "permission": permission,
    }


GET, POST, PATCH, PUT, DELETE = "GET", "POST", "PATCH", "PUT", "DELETE"
API = "/api/2.0/mlflow"
AJAX = "/ajax-api/2.0/mlflow"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
AJAX_PROXY = "/ajax-api/2.0/mlflow-artifacts/artifacts"
OF_RUN = "{experiment}/{run}/artifacts"
IDS = {"run_id": "{run}"}
TRACE_PLACE = "mlflow.artifactLocation"
REFUSALS = {400, 403, 404, 308}  # the last leads to the same path with one slash for two
METRIC = {"key": "test/mse", "value": 0.5, "timestamp": 1, "step": 0}

ACTIONS = {
    # experiments
    "read an experiment": Action(
        "reader", GET, f"{API}/experiments/get?experiment_id={{experiment}}"
    ),
    "read an experiment by its name": Action(
        "reader", GET, f"{API}/experiments/get-by-name?experiment_name=experiment"
    ),
    "make an experiment": Action(
        "outsider", POST, f"{API}/experiments/create", {"name": "of-{user}"}
    ),
    "tag an experiment": Action(
        "editor",
        POST,
        f"{API}/experiments/set-experiment-tag",
        {"experiment_id": "{experiment}", "key": "k", "value": "v"},
    ),
    "rename an experiment": Action(
        "editor",
        POST,
        f"{API}/experiments/update",
        {"experiment_id": "{doomed_experiment}", "new_name": "renamed by {user}"},
    ),
    "delete an experiment": Action(
        "manager", POST, f"{API}/experiments/delete", {"experiment_id": "{doomed_experiment}"}
    ),
    # runs
    "read a run": Action("reader", GET, f"{API}/runs/get?run_id={{run}}"),
    "read a metric": Action(
        "reader", GET, f"{API}/metrics/get-history?run_id={{run}}&metric_key=test/mse"
    ),
    "read metrics of several runs": Action(
        "reader", GET, f"{AJAX}/metrics/get-history-bulk?run_id={{run}}&metric_key=test/mse"
    ),
    "make a run": Action("editor", POST, f"{API}/runs/create", {"experiment_id": "{experiment}"}),
    "log a metric": Action("editor", POST, f"{API}/runs/log-metric", {**IDS, **METRIC}),
    "log a batch": Action("editor", POST, f"{API}/runs/log-batch", {**IDS, "metrics": [METRIC]}),
    "log a parameter": Action(
        "editor", POST, f"{API}/runs/log-parameter", {**IDS, "key": "of {user}", "value": "1"}
    ),
    "tag a run": Action("editor", POST, f"{API}/runs/set-tag", {**IDS, "key": "k", "value": "v"}),
    "end a run": Action("editor", POST, f"{API}/runs/update", {**IDS, "status": "FAILED"}),
    "delete a run": Action("manager", POST, f"{API}/runs/delete", {"run_id": "{doomed_run}"}),
    # artifacts
    "list artifacts": Action("reader", GET, f"{API}/artifacts/list?run_id={{run}}"),
    "list artifacts by their place": Action("reader", GET, f"{PROXY}?path={OF_RUN}"),
    "download": Action("reader", GET, f"{PROXY}/{OF_RUN}/kept.txt"),
    "download in the pages": Action("reader", GET, "/get-artifact?run_id={run}&path=kept.txt"),
    "download by the pages' address": Action("reader", GET, f"{AJAX_PROXY}/{OF_RUN}/kept.txt"),
    "download with an escaped number": Action(
        "reader", GET, f"{PROXY}/%2531/{{run}}/artifacts/kept.txt"
    ),
    "upload": Action("editor", PUT, f"{PROXY}/{OF_RUN}/of-{{user}}.txt", b"new"),
    "upload by the pages' address": Action(
        "editor", PUT, f"{AJAX_PROXY}/{OF_RUN}/of-{{user}}.txt", b"new"
    ),
    "upload in the pages": Action(
        "editor", POST, f"{AJAX}/upload-artifact?run_uuid={{run}}&path=of-{{user}}.txt", b"new"
    ),
    "upload in parts": Action(
        "admin",
        POST,
        "/api/2.0/mlflow-artifacts/mpu/create/loose.txt",
        {"path": "x", "num_parts": 1},
    ),
    "upload beside all experiments": Action("admin", PUT, f"{PROXY}/loose.txt", b"new"),
    "delete artifacts": Action("manager", DELETE, f"{PROXY}/{OF_RUN}/doomed.txt"),
    "delete artifacts beside all experiments": Action("admin", DELETE, f"{PROXY}/loose.txt"),
    # models of runs
    "read a run's model": Action("reader", GET, f"{API}/logged-models/{{logged}}"),
    "download a run's model": Action(
        "reader", GET, f"{AJAX}/logged-models/{{logged}}/artifacts/files?artifact_file_path=MLmodel"
    ),
    "log a model": Action(
        "editor", POST, f"{API}/logged-models", {"experiment_id": "{experiment}", "name": "m"}
    ),
    "tag a run's model": Action(
        "editor",
        PATCH,
        f"{API}/logged-models/{{logged}}/tags",
        {"tags": [{"key": "k", "value": "v"}]},
    ),
    "delete a run's model": Action("manager", DELETE, f"{API}/logged-models/{{doomed_logged}}"),
    # registered models
    "read a registered model": Action("reader", GET, f"{API}/registered-models/get?name={MODEL}"),
    "read a version": Action("reader", GET, f"{API}/model-versions/get?name={MODEL}&version=1"),
    "download a version": Action(
        "reader", GET, f"/model-versions/get-artifact?name={MODEL}&version=1&path=MLmodel"
    ),
    "register a model": Action(
        "outsider", POST, f"{API}/registered-models/create", {"name": "of-{user}"}
    ),
    "make a version": Action(
        "editor",
        POST,
        f"{API}/model-versions/create",
        {"name": MODEL, "source": "models:/{logged}", "model_id": "{logged}"},
    ),
    "move an alias": Action(
        "editor",
        POST,
        f"{API}/registered-models/alias",
        {"name": MODEL, "alias": "champion", "version": "1"},
    ),
    "tag a version": Action(
        "editor",
        POST,
        f"{API}/model-versions/set-tag",
        {"name": MODEL, "version": "1", "key": "k", "value": "v"},
    ),
    "delete an alias": Action(
        "manager", DELETE, f"{API}/registered-models/alias", {"name": MODEL, "alias": "doomed"}
    ),
    "delete a version": Action(
        "manager", DELETE, f"{API}/model-versions/delete", {"name": MODEL, "version": "2"}
    ),
    "delete a registered model": Action(
        "manager", DELETE, f"{API}/registered-models/delete", {"name": "doomed"}
    ),
    # users
    "read the names of users": Action("outsider", GET, f"{API}/users/list"),
    "make a user": Action(
        "admin", POST, f"{API}/users/create", {"username": "friend", "password": "a" * 20}
    ),
    "change another's password": Action(
        "admin",
        PATCH,
        f"{API}/users/update-password",
        {"username": "admin", "password": "b" * 20},
    ),
    "become an administrator": Action(
        "admin", PATCH, f"{API}/users/update-admin", {"username": "{user}", "is_admin": True}
    ),
    "delete a user": Action("admin", DELETE, f"{API}/users/delete", {"username": "reader"}),
    "permit another": Action(
        "manager", POST, f"/api/{GRANT}", grant("reader", "{experiment}", "READ")
    ),
    "permit oneself what is not one's own": Action(
        "admin", POST, f"/api/{GRANT}", grant("{user}", "{other_experiment}", "MANAGE")
    ),
    "permit oneself everything": Action(
        "admin", POST, f"/api/{GRANT}", grant("{user}", "*", "MANAGE")
    ),
    # what would let the server call others, or run programs
    "make a webhook": Action(
        "admin",
        POST,
        f"{API}/webhooks",
        {"name": "w", "url": "https://example.org", "events": []},
    ),
    "ask the assistant": Action("admin", GET, "/ajax-api/3.0/mlflow/assistant/config"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[TeamServer]:
    with running_team_server(*USERS) as server:
        yield server


@pytest.fixture(scope="module")
def names(server: TeamServer) -> dict[str, str]:
    """Make what the actions are about, as an administrator; return what stands in their paths."""

    def make(path: str, body: object) -> Any:
        status, answer = server.ask("admin", f"2.0/mlflow/{path}", body)
        assert status == HTTPStatus.OK, answer
        return answer

    ids = {
        kind: make("experiments/create", {"name": kind})["experiment_id"]
        for kind in ("experiment", "doomed_experiment", "other_experiment")
    }
    for kind in ("run", "doomed_run"):
        made = make("runs/create", {"experiment_id": ids["experiment"]})
        ids[kind] = made["run"]["info"]["run_id"]
    make("runs/log-metric", {"run_id": ids["run"], **METRIC})
    for kind in ("logged", "doomed_logged"):
        body = {"experiment_id": ids["experiment"], "name": "model", "source_run_id": ids["run"]}
        ids[kind] = make("logged-models", body)["model"]["info"]["model_id"]
    for name in (MODEL, "doomed"):
        make("registered-models/create", {"name": name})
    for _ in range(2):
        source = {"source": f"models:/{ids['logged']}", "model_id": ids["logged"]}
        make("model-versions/create", {"name": MODEL, **source})
    make("registered-models/alias", {"name": MODEL, "alias": "doomed", "version": "1"})
    of_run = f"{ids['experiment']}/{ids['run']}/artifacts"
    of_model = f"{ids['experiment']}/models/{ids['logged']}/artifacts"
    for file in (f"{of_run}/kept.txt", f"{of_run}/doomed.txt", f"{of_model}/MLmodel", "loose.txt"):
        assert server.send("admin", PUT, f"{PROXY}/{file}", b"kept")[0] == HTTPStatus.OK
    for user, permission in GRANTS.items():
        for body in (
            grant(user, ids["experiment"], permission),
            grant(user, ids["doomed_experiment"], permission),
            grant(user, MODEL, permission, "registered_model"),
            grant(user, "doomed", permission, "registered_model"),
        ):
            assert server.ask("admin", GRANT, body)[0] == HTTPStatus.OK
    return ids


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_who_may_do_what(server: TeamServer, names: dict[str, str], action: Action) -> None:
    answers = {user: ask(server, user, action, names) for user in (None, *USERS)}

    n_refused = ("nobody", *USERS, "admin").index(action.allowed_from)
    expected = {
        user: HTTPStatus.OK
        if n >= n_refused
        else (HTTPStatus.FORBIDDEN if user else HTTPStatus.UNAUTHORIZED)
        for n, user in enumerate((None, *USERS))
    }
    assert {user: status for user, (status, _) in answers.items()} == expected, answers


def test_a_search_finds_what_one_may_read(server: TeamServer, names: dict[str, str]) -> None:
    searches = {
        "experiments/search": {"max_results": 100},
        "runs/search": {"experiment_ids": [names["experiment"]]},
        "logged-models/search": {"experiment_ids": [names["experiment"]]},
    }
    query = "query Q($i: MlflowGetRunInput!) { mlflowGetRun(input: $i) { run { info { runId } } } }"
    graph = {"query": query, "variables": {"i": {"runId": names["run"]}}}

    def found_by(user: str) -> list[bool]:
        answers = [
            *(
                server.send(user, POST, f"{API}/{path}", json.dumps(body).encode())[1]
                for path, body in searches.items()
            ),
            server.send(user, GET, f"{API}/registered-models/search")[1],
            server.send(user, POST, "/graphql", json.dumps(graph).encode())[1],
        ]
        sought = (names["experiment"], names["run"], names["logged"], MODEL, names["run"])
        return [
            f'"{what}"' in answer.decode() for what, answer in zip(sought, answers, strict=True)
        ]

    assert found_by("reader") == [True] * 5
    assert found_by("outsider") == [False] * 5


@pytest.mark.parametrize(
    "place",
    [
        "{experiment}/{run}/artifacts/../../../../escaped.txt",
        "{experiment}/{run}/artifacts/%2e%2e/%2e%2e/%2e%2e/%2e%2e/escaped.txt",
        "{experiment}/{run}/artifacts/..%2f..%2f..%2f..%2fescaped.txt",
        "{experiment}/{run}/artifacts/%252e%252e%252f%252e%252e%252f%252e%252e%252fescaped.txt",
        "%2f{home}/escaped.txt",
        "%252f{home}/escaped.txt",
        "file:%2f%2f{home}/escaped.txt",
    ],
)
def test_no_path_leads_out_of_the_artifacts(
    server: TeamServer, names: dict[str, str], place: str
) -> None:
    home = str(server.home).removeprefix("/")
    path = place.format(**names, home=home)
    to_settings = path.replace("escaped.txt", "server.env")

    written = [
        server.send("manager", PUT, f"{PROXY}/{path}", b"new"),
        server.send(
            "manager", POST, f"{AJAX}/upload-artifact?run_uuid={names['run']}&path={path}", b"new"
        ),
    ]
    read = [
        server.send("manager", GET, f"{PROXY}/{to_settings}"),
        server.send("manager", GET, f"{PROXY}?path={to_settings}"),
        server.send("manager", GET, f"/get-artifact?run_id={names['run']}&path={to_settings}"),
        server.send("manager", DELETE, f"{PROXY}/{to_settings}"),
    ]

    assert {status for status, _ in (*written, *read)} <= REFUSALS
    assert not [file for file in outside(server) if "escaped" in file.name]
    assert not any(
        server.settings["MLFLOW_AUTH_ADMIN_PASSWORD"].encode() in text for _, text in read
    )
    assert (server.home / "server.env").exists()


@pytest.mark.parametrize("user", ["editor", "admin"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        (POST, "experiments/create", {"name": "elsewhere", "artifact_location": "{place}"}),
        (POST, "experiments/create", {"name": "elsewhere", "artifactLocation": "{place}"}),
        (POST, "model-versions/create", {"name": MODEL, "source": "{place}", "run_id": "{run}"}),
        (PATCH, "traces/tr-1/tags", {"key": TRACE_PLACE, "value": "{place}"}),
        (POST, "traces", {"tags": [{"key": TRACE_PLACE, "value": "{place}"}]}),
    ],
    ids=["experiment", "experiment, otherwise spelled", "version", "tag of a trace", "trace"],
)
@pytest.mark.parametrize(
    "place", ["file://{home}", "{home}", "s3://bucket/elsewhere", "mlflow-artifacts:/../elsewhere"]
)
def test_nothing_is_kept_where_a_request_says(
    server: TeamServer,
    names: dict[str, str],
    user: str,
    method: str,
    path: str,
    body: object,
    place: str,
) -> None:
    where = {**names, "place": place.replace("{home}", str(server.home))}

    status, answer = ask(server, user, Action("admin", method, f"{API}/{path}", body), where)

    assert status == HTTPStatus.BAD_REQUEST, answer
    assert b"INVALID_PARAMETER_VALUE" in answer


def outside(server: TeamServer) -> list[Path]:
    """Return the server's files beside artifacts, and those beside its folder."""
    own = [file for file in server.home.iterdir() if file.name not in {"artifacts", "postgres"}]
    return [*own, *server.home.parent.glob("escaped*"), *Path("/").glob("escaped*")]


def ask(
    server: TeamServer, user: str | None, action: Action, names: dict[str, str]
) -> tuple[int, bytes]:
    """Send an action's request as a user, or nobody."""

    def filled(text: str) -> str:
        for name, value in {"user": str(user), **names}.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    match action.body:
        case None | bytes():
            data = action.body
        case body:
            data = filled(json.dumps(body)).encode()
    return server.send(user, action.method, filled(action.path), data)


def test_log_ins_are_in_nothing_that_a_run_leaves_prints_or_lists(
    server: TeamServer, tmp_path: Path
) -> None:
    project = copy_project_of_team(tmp_path)
    conf = project.folder / "conf"
    place = "sftp://anna:secret%20of%20a%20host@host/x.csv"
    entry = {
        "type": "pandas.CSVDataset",
        "filepath": place,
        "credentials": {"password": "secret-of-an-entry"},
    }
    write_yaml(conf / "smoke/catalog_of_mine.yml", {"mine": entry})
    commit(project)
    keys = {"AWS_ACCESS_KEY_ID": "AKIAXXXXXXXXXXXXXXXX", "AWS_SECRET_ACCESS_KEY": "s3/secret+key"}
    secrets = [
        server.password("reader"),
        *keys.values(),
        "secret-of-a-file",
        "secret-of-an-entry",
        "secret%20of%20a%20host",
    ]
    log_in = {
        key: value for key, value in server.variables("reader").items() if key.endswith(("E", "D"))
    }
    write_yaml(conf / "local/credentials.yml", {"tracking": log_in})
    write_yaml(conf / "smoke/credentials.yml", {"files": {"password": "secret-of-a-file"}})
    mlflow_yml = yaml.safe_load((conf / "smoke/mlflow.yml").read_text())
    mlflow_yml["server"] |= {"credentials": "tracking"}
    write_yaml(conf / "smoke/mlflow.yml", mlflow_yml)

    running = project.as_a_user.start(
        "run",
        "--env=smoke",
        "--pipelines=linear",
        **keys,
        MLFLOW_TRACKING_URI=server.address,
    )
    listed = set()
    while running.poll() is None:
        listed |= {" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])}
    printed, errors = running.communicate()

    assert running.returncode == 0, errors
    name = "experiment_name=autoencoder_lab"
    _, found = server.ask("reader", f"2.0/mlflow/experiments/get-by-name?{name}")
    search = {"experiment_ids": [found["experiment"]["experiment_id"]]}
    _, runs = server.ask("reader", "2.0/mlflow/runs/search", search)
    folders = (server.home / "artifacts", server.home / "logs", project.folder / "data")
    left = {str(file): file.read_bytes() for folder in folders for file in files_in(folder)}
    left |= {"runs": json.dumps(runs).encode(), "printed": (printed + errors).encode()}
    left |= {f"process {line}": line.encode() for line in listed}
    for secret in secrets:
        assert not [what for what, content in left.items() if secret.encode() in content]
    [patch] = (content for file, content in left.items() if file.endswith("uncommitted.patch"))
    assert b"credentials: tracking" in patch
    [catalog] = (content for file, content in left.items() if file.endswith("catalog.yml"))
    assert yaml.safe_load(catalog)["mine"]["credentials"] == "(hidden)"
    assert any("--env=smoke" in line for line in listed)


def write_yaml(file: Path, content: object) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(content))


def files_in(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]
