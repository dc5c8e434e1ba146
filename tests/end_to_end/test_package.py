"""What `kedro package` makes: it is complete, and runs where the repository is not."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest

from .conftest import PROJECT, WIDE, ProjectCopy, copy_project, copy_tiny_project


@dataclass(frozen=True)
class Package:
    """A wheel, the folder it is installed in, and the archive of the configuration."""

    wheel: Path
    site: Path
    configuration: Path

    def run(self, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run the package as a user would who has it installed."""
        return subprocess.run(
            [sys.executable, "-m", "autoencoder_lab", *arguments],
            cwd=folder,
            env={**os.environ, "COLUMNS": WIDE, "PYTHONPATH": str(self.site)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    project = copy_project(tmp_path_factory.mktemp("package"))
    for name in ("LICENSE", "README.md"):
        shutil.copy(PROJECT / name, project.folder)
    site = tmp_path_factory.mktemp("site")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-index", "--target", str(site)]

    built = project.as_a_user.kedro("package")
    if "No matching distribution found for setuptools" in built.stdout and "CI" not in os.environ:
        pytest.skip("a wheel is built by the newest setuptools, which cannot be fetched")
    assert built.returncode == 0, built.stdout + built.stderr
    [wheel] = (project.folder / "dist").glob("*.whl")
    subprocess.run([*install, *offline, str(wheel)], check=True)

    return Package(wheel, site, project.folder / "dist" / "conf-autoencoder_lab.tar.gz")


def test_the_wheel_has_all_files_of_the_package_and_the_licence(package: Package) -> None:
    source = PROJECT / "src"
    files = {
        str(file.relative_to(source))
        for file in (source / "autoencoder_lab").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }

    packed = set(ZipFile(package.wheel).namelist())

    assert files == {name for name in packed if ".dist-info/" not in name}
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in packed)


def test_it_runs_in_an_empty_folder(package: Package, tmp_path: Path) -> None:
    configuration = f"--conf-source={package.configuration}"

    done = package.run(configuration, "--env=smoke", "--pipelines=ingest", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    here = ProjectCopy(tmp_path)
    assert [run.info.status for run in here.runs()] == ["FINISHED"]
    assert "data/08_reporting/digits/shared/seed-42/samples.png" in here.written()
    assert f"mlflow ui --backend-store-uri sqlite:///{tmp_path}/mlruns/mlflow.db" in done.stdout
    assert "Loading data from" not in done.stdout  # its logging is ours


def test_what_needs_a_project_says_so_in_an_empty_folder(package: Package, tmp_path: Path) -> None:
    done = package.run("study", "--env=smoke", folder=tmp_path)

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("Error: study is a command of projects")
    assert not any(tmp_path.iterdir())


def test_with_a_configuration_and_five_lines_it_is_a_project(
    package: Package, tmp_path: Path
) -> None:
    project = copy_tiny_project(tmp_path)
    shutil.rmtree(project.folder / "src")
    settings = (project.folder / "pyproject.toml").read_text()
    kedro = settings[settings.index("[tool.kedro]") :].partition("\n\n")[0]
    assert len(kedro.splitlines()) == 5
    (project.folder / "pyproject.toml").write_text(kedro.replace('"src"', '"."'))

    done = project.as_a_user.kedro(
        "run", "--env=smoke", "--pipelines=ingest", PYTHONPATH=str(package.site)
    )

    assert done.returncode == 0, done.stderr
    assert [run.info.status for run in project.runs()] == ["FINISHED"]
    assert "data/08_reporting/tiny/shared/seed-42/samples.png" in project.written()
