"""Where people run it: without git, in a commit, with parts of it elsewhere, with a server."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from .conftest import ProjectCopy, commit, copy_tiny_project

INGEST = ("run", "--env=smoke", "--pipelines=ingest")


@pytest.fixture
def project(tmp_path: Path) -> ProjectCopy:
    """Return a project for each test its own."""
    return copy_tiny_project(tmp_path)


def statuses(project: ProjectCopy) -> list[str]:
    return [run.info.status for run in project.runs()]


def test_without_a_git_program(project: ProjectCopy) -> None:
    done = project.as_a_user.kedro(*INGEST, PATH=str(Path(sys.executable).parent))

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("There is no git program") == 1
    assert "git" not in done.stderr
    assert statuses(project) == ["FINISHED"]


def test_in_a_commit_the_run_names_it_and_says_whether_anything_differs(
    project: ProjectCopy,
) -> None:
    made = commit(project)

    assert project.kedro(*INGEST).returncode == 0
    (project.folder / "src/new.py").touch()
    assert project.kedro(*INGEST).returncode == 0

    dirty, clean = project.runs()
    assert clean.data.tags["git_commit"] == dirty.data.tags["git_commit"] == made
    assert (clean.data.tags["git_dirty"], dirty.data.tags["git_dirty"]) == ("false", "true")
    # Empty, not left out: a run that is continued keeps the tags that are not given anew.
    assert clean.data.tags["git_changes"] == ""
    assert len(dirty.data.tags["git_changes"]) == 64


def test_variables_that_name_another_store_are_not_obeyed_and_it_is_said(
    project: ProjectCopy, tmp_path: Path
) -> None:
    others = {
        name: f"sqlite:///{tmp_path}/{name}.db"
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
    }

    done = project.kedro("run", "--env=smoke", "--pipelines=linear,comparison", **others)

    assert done.returncode == 0, done.stderr
    printed = " ".join(done.stdout.split())
    for name, other in others.items():
        assert f"{name} is {other}, but runs and models go where mlflow.yml says" in printed
        assert not (tmp_path / f"{name}.db").exists()
    champion = project.client.get_model_version_by_alias("autoencoder-tiny", "champion")
    assert champion.run_id == project.runs_by_variant("tiny")["linear"].info.run_id


def test_with_the_configuration_in_an_archive(project: ProjectCopy) -> None:
    shutil.make_archive(str(project.folder / "conf"), "gztar", project.folder, "conf")
    shutil.rmtree(project.folder / "conf")

    done = project.kedro(*INGEST, "--conf-source=conf.tar.gz")
    wrong = project.kedro("run", "--env=prod", "--conf-source=conf.tar.gz")

    assert done.returncode == 0, done.stderr
    assert statuses(project) == ["FINISHED"]
    assert wrong.returncode == 1
    assert "Error: the configuration cannot be read" in wrong.stderr
    assert "conf/prod" in wrong.stderr


def test_a_variant_of_ones_own_is_a_file_also_in_an_archive(project: ProjectCopy) -> None:
    own = (project.folder / "conf/base/parameters/tied.yml").read_text()
    file = project.folder / "conf/smoke/parameters/mine.yml"
    file.parent.mkdir()
    file.write_text(own.replace("\ntied:", "\nmine:").replace("epochs: auto", "epochs: 1"))
    shutil.make_archive(str(project.folder / "conf"), "gztar", project.folder, "conf")
    shutil.rmtree(project.folder / "conf")

    done = project.kedro("run", "--env=smoke", "--pipelines=mine", "--conf-source=conf.tar.gz")

    assert done.returncode == 0, done.stderr
    [run] = project.runs()
    assert (run.info.run_name, run.info.status) == ("mine tiny 42", "FINISHED")
    assert run.data.tags["variant"] == "mine"
    assert run.data.params["model.family"] == "tied"
    assert "data/06_models/tiny/mine/seed-42/model.keras" in project.written()


def test_with_an_environment_that_names_only_a_server(project: ProjectCopy, server: str) -> None:
    team = project.folder / "conf" / "laptop"
    team.mkdir()
    (team / "mlflow.yml").write_text(f"server: {{mlflow_tracking_uri: {server!r}}}\n")
    (team / "globals.yml").write_text("dataset: digits\n")

    done = project.kedro("run", "--env=laptop", "--pipelines=ingest")

    assert done.returncode == 0, done.stderr
    address, _, page = done.stdout.strip().splitlines()[-1].removeprefix("Compare  ").partition("#")
    assert address == f"{server}/"
    experiment = page.split("/")[2]
    request = urllib.request.Request(
        f"{server}/api/2.0/mlflow/runs/search",
        json.dumps({"experiment_ids": [experiment], "max_results": 1}).encode(),  # the newest
        {"Content-Type": "application/json"},
    )
    [run] = json.load(urllib.request.urlopen(request))["runs"]
    assert run["info"]["status"] == "FINISHED"
    assert run["info"]["artifact_uri"].startswith("mlflow-artifacts:")
    assert not (project.folder / "mlruns" / "mlflow.db").exists()


SESSIONS = """
import sys
from pathlib import Path

from kedro.framework.hooks import hook_impl
from kedro.framework.project import settings
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project


class Interrupted:
    @hook_impl
    def before_node_run(self, node):
        raise KeyboardInterrupt


class Threads:
    seen = set()

    @hook_impl
    def after_node_run(self):
        import sklearn.cluster  # loads OpenMP
        from threadpoolctl import threadpool_info

        self.seen.update(library["num_threads"] for library in threadpool_info())


class Broken:
    @hook_impl
    def before_pipeline_run(self):
        raise ValueError("of a plug-in")


class BrokenAtLast:
    @hook_impl
    def after_pipeline_run(self):
        raise ValueError("of a plug-in")


def run(session_class, *hooks, pipeline="ingest"):
    with session_class.create(env="smoke") as session:
        for hook in hooks:
            session._hook_manager.register(hook())
        try:
            session.run(pipeline_names=[pipeline])
        except (KeyboardInterrupt, ValueError) as error:
            print(type(error).__name__)
        except BadInput as error:
            print(error)


bootstrap_project(Path.cwd())
from autoencoder_lab.failures import BadInput  # which is now to be found

run(settings.SESSION_CLASS, Interrupted)
run(KedroSession, Interrupted)
run(settings.SESSION_CLASS, Broken)
run(settings.SESSION_CLASS, BrokenAtLast)
run(settings.SESSION_CLASS, Threads)
run(KedroSession)
run(KedroSession, pipeline="linear")
print("threads", Threads.seen)
"""


def test_sessions_of_one_process_end_each_as_it_went(project: ProjectCopy) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SESSIONS],
        cwd=project.folder,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert statuses(project)[::-1] == [
        "KILLED",
        "KILLED",
        "FAILED",
        "FAILED",
        "FINISHED",
        "FINISHED",
    ]
    refused, threads = done.stdout.splitlines()[-2:]
    assert "allowed: SequentialRunner, ThreadRunner, in a session of" in refused
    assert "settings.SESSION_CLASS" in refused
    assert threads == "threads {1}"
