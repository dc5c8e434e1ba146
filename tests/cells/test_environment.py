from importlib.metadata import version
from pathlib import Path

import pytest

from autoencoder_lab.cells.environment import (
    normalised,
    read_machine,
    read_packages,
    version_differences,
)


def test_installed_packages_are_read_by_their_normalised_names() -> None:
    packages = read_packages()

    assert packages["scikit-learn"] == version("scikit-learn")
    assert packages["faiss-cpu"] == version("faiss_cpu")
    assert list(packages) == sorted(packages)


def test_what_an_interrupted_installation_leaves_is_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read_packages()
    (tmp_path / "foo-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path)

    assert read_packages() == before


@pytest.mark.parametrize("name", ["faiss-cpu", "faiss_cpu", "Faiss.CPU", "faiss--cpu"])
def test_names_are_compared_as_indices_do(name: str) -> None:
    assert normalised(name) == "faiss-cpu"


def test_differences_name_both_versions() -> None:
    then, now = {"keras": "3.15", "numpy": "2.4", "old": "1"}, {"keras": "3.16", "numpy": "2.4"}

    assert version_differences(then, now) == [
        "keras was 3.15, is 3.16",
        "old was 1, is not there",
    ]


def test_a_package_is_built_or_installed_without_other_environments() -> None:
    assert version_differences({}, {"autoencoder-lab": "0.2.0"}) == []


def test_the_machine_says_what_computes() -> None:
    machine = read_machine()

    assert all(machine.values())
    assert machine["python"].startswith("3.")
    assert int(machine["cores"]) >= 1
