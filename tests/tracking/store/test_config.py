import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autoencoder_lab.failures import BadInput
from autoencoder_lab.tracking.store.config import embedded_store, read_config, without_password

STORE = {"server": {"mlflow_tracking_uri": "sqlite:///mlruns/mlflow.db"}}


def context(settings: dict[str, Any], folder: Path = Path("/project")) -> Any:
    return SimpleNamespace(config_loader={"mlflow": settings}, project_path=folder)


@pytest.mark.parametrize("folder", ["/project", "/a b/100% of it"])
def test_a_relative_store_is_in_the_projects_folder_with_artifacts_beside_it(folder: str) -> None:
    config = read_config(context(STORE, Path(folder)))

    assert config.server.mlflow_tracking_uri == f"sqlite:///{folder}/mlruns/mlflow.db"
    assert embedded_store(config) == Path(folder, "mlruns/mlflow.db")
    location = config.tracking.experiment.create_experiment_kwargs.artifact_location
    assert location == f"{folder}/mlruns/artifacts"


@pytest.mark.parametrize("folder", ["/a%20b", "/why?"])
def test_a_path_that_an_address_cannot_hold_is_refused(folder: str) -> None:
    with pytest.raises(BadInput, match=rf"{re.escape(folder)}/mlruns/mlflow\.db, but SQLite"):
        read_config(context(STORE, Path(folder)))


def test_an_absolute_store_stays_where_it_is() -> None:
    config = read_config(context({"server": {"mlflow_tracking_uri": "sqlite:////runs/all.db"}}))

    assert embedded_store(config) == Path("/runs/all.db")


def test_a_server_does_not_get_the_artifact_folder_of_the_embedded_store() -> None:
    config = read_config(context({"server": {"mlflow_tracking_uri": "http://10.0.0.1:5000"}}))

    assert embedded_store(config) is None
    assert config.tracking.experiment.create_experiment_kwargs.artifact_location is None


def test_a_store_that_is_not_named_is_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    unnamed = context({"server": {"mlflow_tracking_uri": None}})
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    with pytest.raises(BadInput, match=r"is null, and MLFLOW_TRACKING_URI is not set"):
        read_config(unnamed)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://10.0.0.1:5000")
    assert read_config(unnamed).server.mlflow_tracking_uri == "http://10.0.0.1:5000"


@pytest.mark.parametrize("key", ["mlflow_tracking_uri", "mlflow_registry_uri"])
def test_an_address_with_a_password_is_refused_without_showing_it(key: str) -> None:
    server = {**STORE["server"], key: "https://anna:p%40ss@lab.example.org/mlflow"}

    with pytest.raises(BadInput) as refusal:
        read_config(context({"server": server}))

    assert f"server.{key} is https://lab.example.org/mlflow with a password" in str(refusal.value)
    assert "MLFLOW_TRACKING_PASSWORD" in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://anna:pass@lab.example.org/a@b", "https://lab.example.org/a@b"),
        ("sftp://anna:p@ss@host", "sftp://host"),
        ("--from http://a:b@c/ --to s3://d", "--from http://c/ --to s3://d"),
        ("s3://bucket/path", "s3://bucket/path"),
    ],
)
def test_addresses_are_shown_without_log_ins(text: str, shown: str) -> None:
    assert without_password(text) == shown


@pytest.mark.parametrize(
    ("tracking", "problem"),
    [
        ({"run": {"name": "mine"}}, "tracking.run is {'name': 'mine'}; allowed: to leave it out"),
        ({"params": {"dict_params": {"flatten": True}}}, "tracking.params is"),
        ({"disable_tracking": {"pipelines": ["ingest"]}}, "disable_tracking.pipelines is ['in"),
        ({"experimnet": {"name": "x"}}, "tracking.experimnet is unknown (did you mean experiment"),
    ],
)
def test_settings_that_are_wrong_or_would_be_ignored_are_refused(
    tracking: dict[str, Any], problem: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        read_config(context({**STORE, "tracking": tracking}))

    assert problem in str(refusal.value)


def test_settings_that_are_left_empty_are_none() -> None:
    read_config(context({**STORE, "tracking": {"disable_tracking": {"pipelines": []}}}))
