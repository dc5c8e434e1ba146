"""A copy of the project, `kedro` in a process of its own, and what it left in MLflow."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from ..waiting import LONGEST_WAIT

PROJECT = Path(__file__).parents[2]


WIDE = "200"
"""Columns of the terminal: messages are not broken into lines."""

VIEWS = ("gaussian_0.2", "gaussian_0.5", "mask_0.5")
"""Of the test images, by the names in the metrics' keys."""

PRELOADED = PROJECT / "tests" / "preloaded.py"


@cache
def preloaded_kedro() -> list[str]:
    """Start what runs commands without these seconds, and return what has it run them."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    address = f"{folder}/kedro"
    # What the project sets before these libraries are imported.
    quiet = {"DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet", "TF_CPP_MIN_LOG_LEVEL": "2"}
    command = [sys.executable, PRELOADED, "serve", address]
    environment = {**os.environ, "COLUMNS": WIDE, **quiet}
    server = subprocess.Popen(command, env=environment, start_new_session=True)
    while not os.path.exists(address):
        assert server.poll() is None
        time.sleep(0.1)
    atexit.register(server.kill)
    return [sys.executable, "-SE", str(PRELOADED), "ask", address]


@dataclass(frozen=True)
class ProjectCopy:
    """A project in a folder of its own, with an empty store.

    Attributes:
        is_preloaded: Whether its commands find the libraries imported: see tests/preloaded.py.
    """

    folder: Path
    is_preloaded: bool = True

    @property
    def as_a_user(self) -> "ProjectCopy":
        """The same project, whose commands start as a user's do."""
        return replace(self, is_preloaded=False)

    def kedro(
        self, *arguments: str, folder: str = ".", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as a user would, in a folder of the project."""
        process = self.start(*arguments, folder=folder, **environment)
        printed, errors = process.communicate(timeout=LONGEST_WAIT)
        return subprocess.CompletedProcess(process.args, process.returncode, printed, errors)

    def start(
        self, *arguments: str, folder: str = ".", **environment: str
    ) -> subprocess.Popen[str]:
        """Start a command, which says at the end of its errors whether it loaded TensorFlow."""
        script = (
            "import atexit, signal, sys; from kedro.framework.cli.cli import main; "
            # A shell that starts the tests in the background has Ctrl-C ignored.
            "signal.signal(signal.SIGINT, signal.default_int_handler); "
            "atexit.register(lambda: print('tensorflow' in sys.modules, file=sys.stderr)); "
            "main()"
        )
        as_a_user = [sys.executable, "-u", "-c", script]
        command = preloaded_kedro() if self.is_preloaded else as_a_user
        return subprocess.Popen(
            [*command, *arguments],
            cwd=self.folder / folder,
            env={**os.environ, "COLUMNS": WIDE, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(f"sqlite:///{self.folder}/mlruns/mlflow.db")

    def runs(self) -> list[Run]:
        """Return all runs, newest first; none where there is no store, or nothing in it."""
        if not (self.folder / "mlruns" / "mlflow.db").exists():
            return []
        experiment = self.client.get_experiment_by_name("autoencoder_lab")
        return list(self.client.search_runs([experiment.experiment_id])) if experiment else []

    def named_runs(self, n_newest: int | None = None) -> dict[str, Run]:
        """Return all runs, or the newest, by what their names begin with: variant or pipelines."""
        runs = self.runs()[:n_newest]
        return {
            run.info.run_name.partition(f" {run.data.tags.get('dataset')} ")[0]: run for run in runs
        }

    def runs_by_variant(self, dataset: str) -> dict[str, Run]:
        """Return the newest run of each variant on a data set."""
        runs = [run for run in self.runs() if run.data.tags.get("dataset") == dataset]
        return {
            run.data.tags["variant"]: run for run in reversed(runs) if "variant" in run.data.tags
        }

    def written(self) -> list[str]:
        """Return the files that runs have made, but for arrays of raw images, which stay."""
        made = [*self.folder.glob("data/0[3-8]_*/**/*"), *self.folder.glob("mlruns/**/*")]
        return sorted(str(path.relative_to(self.folder)) for path in made if path.is_file())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    return copy_project(tmp_path_factory.mktemp("project"))


def copy_project(parent: Path) -> ProjectCopy:
    """Return a copy of what a run needs of the project, its data included."""
    # A space in the path, which addresses and shells like to stumble over.
    folder = parent / "autoencoder lab"
    for name in ("conf", "src", "data/01_raw/mnist"):
        shutil.copytree(PROJECT / name, folder / name)
    for name in ("Makefile", "pyproject.toml", "requirements.txt"):
        shutil.copy(PROJECT / name, folder)
    (folder / "mlruns").mkdir()
    return ProjectCopy(folder)


def copy_tiny_project(parent: Path) -> ProjectCopy:
    """Return a copy of the project whose smoke environment is of a tiny data set without labels.

    For all that asks about runs, files and processes, whatever they compute.
    """
    project = copy_project(parent)
    data = project.folder / "data/01_raw/tiny/tiny.npz"
    data.parent.mkdir()
    np.savez(data, x_train=np.random.default_rng(0).integers(0, 256, (60, 8, 8), np.uint8))
    for file in (project.folder / "conf/smoke").glob("*.yml"):
        file.write_text(file.read_text().replace("digits", "tiny"))
    return project


@pytest.fixture(scope="module")
def tiny_project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    return copy_tiny_project(tmp_path_factory.mktemp("tiny"))


def keep_each_state(project: ProjectCopy) -> None:
    """Have a project keep the state of a fit after each epoch."""
    catalog = project.folder / "conf/base/catalog_variants.yml"
    after_each = "seconds_between_states: 0}"
    catalog.write_text(catalog.read_text().replace("seconds_between_states: 30}", after_each))
    assert after_each in catalog.read_text()


def commit(project: ProjectCopy) -> str:
    """Put a project in a commit of a repository of its own, and return the commit."""
    (project.folder / ".gitignore").write_text("/data\n/mlruns\n/conf/local\n__pycache__\n")
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "First"]):
        subprocess.run(["git", *command], cwd=project.folder, check=True)
    return subprocess.check_output(
        ["git", "rev-parse", "HEAD"], cwd=project.folder, text=True
    ).strip()


@pytest.fixture(scope="module")
def succeed(project: ProjectCopy) -> Callable[..., str]:
    """Run a command that has to succeed, and return what it printed."""

    def run(*arguments: str, folder: str = ".") -> str:
        done = project.kedro(*arguments, folder=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
