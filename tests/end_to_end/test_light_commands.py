"""Commands that train nothing load no TensorFlow."""

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
