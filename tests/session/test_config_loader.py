import os
import shutil
from pathlib import Path

import pytest
from kedro.config import MissingConfigException

from autoencoder_lab.failures import BadInput
from autoencoder_lab.session.config_loader import ConfigLoader


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    for environment, seed in (("base", 1), ("local", 2)):
        folder = tmp_path / environment
        folder.mkdir()
        (folder / "parameters.yml").write_text(f"seed: {seed}\nnested: {{value: 1}}\n")
    return tmp_path


def loader_of(conf: Path, **options: object) -> ConfigLoader:
    return ConfigLoader(str(conf), base_env="base", default_run_env="local", **options)


def test_files_are_read_once_in_a_session(conf: Path) -> None:
    loader = loader_of(conf)
    first = loader["parameters"]

    (conf / "local/parameters.yml").write_text("seed: 3")

    assert loader["parameters"] == first
    assert loader_of(conf)["parameters"]["seed"] == 3


def test_who_changes_what_is_returned_changes_it_for_nobody_else(conf: Path) -> None:
    loader = loader_of(conf)

    loader["parameters"]["nested"]["value"] = 2

    assert loader["parameters"] == {"seed": 2, "nested": {"value": 1}}


def test_what_is_typed_is_part_of_it(conf: Path) -> None:
    (conf / "local/parameters.yml").write_text("seed: ${runtime_params:seed}")

    assert loader_of(conf, runtime_params={"seed": 7})["parameters"]["seed"] == 7
    assert loader_of(conf, runtime_params={"seed": 8})["parameters"]["seed"] == 8


def test_ones_own_log_ins_count_in_every_environment_below_what_it_says(conf: Path) -> None:
    (conf / "team").mkdir()
    own = "a: {password: mine}\nb:\n  password: ${oc.env:HOME}\n"
    (conf / "local/credentials.yml").write_text(own)

    assert loader_of(conf, env="team")["credentials"]["a"] == {"password": "mine"}
    assert loader_of(conf, env="team")["credentials"]["b"] == {"password": os.environ["HOME"]}
    (conf / "team/credentials.yml").write_text("a: {password: of the team}\n")
    assert loader_of(conf, env="team")["credentials"]["a"] == {"password": "of the team"}
    assert loader_of(conf, env="team")["credentials"].keys() == {"a", "b"}


@pytest.mark.parametrize("with_folder", [True, False])
def test_where_there_are_no_log_ins_it_is_said_as_ever(conf: Path, with_folder: bool) -> None:
    (conf / "team").mkdir()
    if not with_folder:
        shutil.rmtree(conf / "local")

    with pytest.raises(MissingConfigException):
        loader_of(conf, env="team")["credentials"]


def test_a_folder_that_kedro_would_take_for_a_pattern_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"the configuration is in .*lab \[2\]/conf, where Kedro"):
        loader_of(tmp_path / "lab [2]" / "conf")
