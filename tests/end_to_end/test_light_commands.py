"""Commands that train nothing load no TensorFlow."""

from importlib.util import find_spec

import pytest

from .conftest import ProjectCopy


@pytest.mark.parametrize(
    "command",
    [["--help"], ["registry", "list"], ["run", "--help"], ["study", "--help"]],
    ids=" ".join,
)
def test_light_commands_do_not_import_tensorflow(project: ProjectCopy, command: list[str]) -> None:
    done = project.as_a_user.kedro(*command)

    assert done.returncode == 0
    assert done.stderr.strip().splitlines()[-1] == "False"
    assert project.written() == []


@pytest.mark.skipif(find_spec("jupyterlab") is not None, reason="JupyterLab is installed")
def test_jupyter_lab_says_how_to_install_it(project: ProjectCopy) -> None:
    done = project.kedro("jupyter", "lab")

    assert done.returncode == 1
    assert "jupyterlab is not installed: " in done.stderr
    assert "-m pip install jupyterlab" in done.stderr
