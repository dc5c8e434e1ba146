import os
import subprocess
import sys

import psutil
import pytest
from mlflow import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from autoencoder_lab.tracking.runs.owners import (
    HOST,
    MACHINE,
    PID,
    STARTED,
    end_abandoned_runs,
    is_of_this_process,
    owner_tags,
)


@pytest.fixture(scope="module")
def gone() -> dict[str, str]:
    """Return the tags of a process that was killed."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process.kill()
    process.communicate()
    return {**owner_tags(), PID: str(process.pid)}


def status(client: MlflowClient, run_id: str) -> str:
    return str(client.get_run(run_id).info.status)


def create(client: MlflowClient, experiment: str, tags: dict[str, str]) -> str:
    return str(client.create_run(experiment, tags=tags).info.run_id)


def test_the_runs_of_a_killed_process_are_marked_killed(
    client: MlflowClient, experiment: str, gone: dict[str, str]
) -> None:
    abandoned = create(client, experiment, gone)
    finished = create(client, experiment, gone)
    client.set_terminated(finished, "FINISHED")

    end_abandoned_runs(client, experiment)

    assert status(client, abandoned) == "KILLED"
    assert status(client, finished) == "FINISHED"


@pytest.mark.parametrize(
    "change", [{}, {HOST: "another"}], ids=["a process that lives", "a process of another host"]
)
def test_other_runs_are_left_alone(
    client: MlflowClient, experiment: str, gone: dict[str, str], change: dict[str, str]
) -> None:
    tags = {**gone, **change} if change else owner_tags()
    run_id = create(client, experiment, tags)

    end_abandoned_runs(client, experiment)

    assert status(client, run_id) == "RUNNING"


@pytest.mark.parametrize(
    ("machine", "ended"),
    [
        ("{installation} {boot} pid:[1]", "RUNNING"),  # another container of this machine
        ("0ther b00t pid:[1]", "RUNNING"),  # another machine of this name
        ("- b00t pid:[1]", "RUNNING"),  # a container, which has no id
        ("{installation} b00t {numbers}", "KILLED"),  # this one, before it was started anew
        ("{installation} {boot} {numbers}", "KILLED"),
        ("", "KILLED"),  # of an older session
    ],
)
def test_a_process_number_says_something_of_its_own_machine_and_container_alone(
    client: MlflowClient, experiment: str, gone: dict[str, str], machine: str, ended: str
) -> None:
    installation, boot, numbers = "1d1d", "b007", "pid:[4026531836]"
    here = {"installation": installation, "boot": boot, "numbers": numbers}
    run_id = create(client, experiment, {**gone, MACHINE: machine.format(**here)})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "autoencoder_lab.tracking.runs.owners._machine", lambda: (installation, boot, numbers)
        )
        end_abandoned_runs(client, experiment)

    assert status(client, run_id) == ended


def test_a_process_that_was_given_the_number_of_a_killed_one_is_another(
    client: MlflowClient, experiment: str
) -> None:
    earlier = float(owner_tags()[STARTED]) - 60
    abandoned = create(client, experiment, {**owner_tags(), STARTED: str(earlier)})

    end_abandoned_runs(client, experiment)

    assert owner_tags()[PID] == str(os.getpid())
    assert status(client, abandoned) == "KILLED"


def test_a_clock_that_is_set_ends_no_run_that_is_alive(
    client: MlflowClient, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive = create(client, experiment, owner_tags())
    started, boot = psutil.Process.create_time, psutil.boot_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: started(process) + 3600)
    monkeypatch.setattr(psutil, "boot_time", lambda: boot() + 3600)

    end_abandoned_runs(client, experiment)

    assert status(client, alive) == "RUNNING"
    assert is_of_this_process(client.get_run(alive))


def test_a_parent_is_left_to_the_process_whose_child_runs(
    client: MlflowClient, experiment: str, gone: dict[str, str]
) -> None:
    parent = create(client, experiment, gone)
    alive = create(client, experiment, {**owner_tags(), MLFLOW_PARENT_RUN_ID: parent})
    killed = create(client, experiment, {**gone, MLFLOW_PARENT_RUN_ID: parent})

    end_abandoned_runs(client, experiment)
    statuses = [status(client, run_id) for run_id in (parent, alive, killed)]
    client.set_terminated(alive, "FINISHED")
    end_abandoned_runs(client, experiment)

    assert statuses == ["RUNNING", "RUNNING", "KILLED"]
    assert status(client, parent) == "KILLED"
