import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from kedro.config import OmegaConfigLoader
from kedro.framework.project import configure_project, pipelines, settings

from autoencoder_lab.failures import BadInput
from autoencoder_lab.session.variants import Variants, find_variants, use_configuration

PROJECT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _project() -> Iterator[None]:
    configure_project("autoencoder_lab")
    yield
    use_configuration(loader(PROJECT / "conf"))


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """Return a configuration with variants of one's own."""
    folder = tmp_path / "conf"
    for environment, variants in {"base": "ab", "local": "bc", "smoke": "d"}.items():
        for variant in variants:
            write(folder / environment / "parameters" / f"{variant}.yml", f"{variant}: {{model: }}")
    shared = "ingest: {model: 3}\ncorruption: {}\nseed: ${globals:seed}"
    write(folder / "base" / "parameters.yml", shared)
    write(folder / "base" / "globals.yml", "seed: 3")
    write(folder / "smoke" / "globals.yml", "seed: 4")
    return folder


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def loader(conf: Path, env: str | None = None) -> OmegaConfigLoader:
    return OmegaConfigLoader(str(conf), env, **settings.CONFIG_LOADER_ARGS)


def names(found: Variants) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return found.base, found.own


def test_each_parameter_file_with_a_model_is_a_variant(conf: Path) -> None:
    use_configuration(loader(conf))

    assert names(find_variants()) == (("a", "b"), ("c",))


def test_some_variants_are_trained_by_their_name_alone(conf: Path) -> None:
    (conf / "base/parameters/by_name.yml").write_text("only_by_name: [b]\n")
    (conf / "local/parameters/b.yml").unlink()
    use_configuration(loader(conf))

    assert names(find_variants()) == (("a",), ("b", "c"))


def test_variants_of_equal_models_are_of_one_architecture(conf: Path) -> None:
    for name, model in (
        ("g", "{family: dense, widths: [3]}"),
        ("e", "{widths: [3], family: dense}"),
    ):
        (conf / f"base/parameters/{name}.yml").write_text(f"{name}: {{model: {model}}}\n")
    (conf / "base/parameters/f.yml").write_text("f: {model: {family: dense, widths: [4]}}\n")
    use_configuration(loader(conf))

    found = find_variants().architectures

    assert found["g"] == found["e"]
    assert found["g"] != found["f"]
    assert found["g"].startswith("dense_")


def test_an_environment_adds_its_own(conf: Path) -> None:
    use_configuration(loader(conf, "smoke"))

    assert names(find_variants()) == (("a", "b"), ("d",))


def test_looking_for_variants_leaves_the_environment_of_a_session(conf: Path) -> None:
    in_use = loader(conf, "smoke")
    use_configuration(in_use)

    find_variants()

    assert in_use["parameters"]["seed"] == 4


def test_a_variant_has_a_pipeline_and_its_place_in_kedro_run_if_it_is_in_base(conf: Path) -> None:
    use_configuration(loader(conf))

    in_default = {node.namespace for node in pipelines["__default__"].nodes}
    assert {"a", "b", "c"} <= pipelines.keys()
    assert in_default == {None, "a", "b"}


def test_a_configuration_may_be_an_archive(conf: Path, tmp_path: Path) -> None:
    archive = tmp_path / "conf.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(conf, "conf")
    shutil.rmtree(conf)

    use_configuration(loader(archive, "smoke"))

    assert names(find_variants()) == (("a", "b"), ("d",))


@pytest.mark.slow
def test_without_a_session_the_project_around_the_folder_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("autoencoder_lab.session.variants._loader_in_use", None)
    monkeypatch.chdir(PROJECT / "src")
    monkeypatch.setitem(os.environ, "KEDRO_ENV", "smoke")

    files = {file.stem for file in (PROJECT / "conf/base/parameters").glob("*.yml")}
    found = find_variants()
    assert {*found.base, *found.own} == files
    assert found.own == ("deep", "ladder")


@pytest.mark.parametrize("name", ["shared", "comparison", "a-b", "2a", "a.b", "é", "NA", "nan"])
def test_a_name_that_cannot_be_a_pipeline_and_a_folder_is_refused(conf: Path, name: str) -> None:
    write(conf / "local" / "parameters" / "odd.yml", f"{name}: {{model: }}")
    use_configuration(loader(conf))

    with pytest.raises(BadInput, match=f"a variant is called '{name}'; allowed: a letter"):
        find_variants()
