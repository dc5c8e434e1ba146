"""The documents: that they are up to date, that their links lead somewhere, and commands exist."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from kedro.framework.cli.cli import KedroCLI

PROJECT = Path(__file__).parents[1]
PAGES = [
    *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "orchestration/README.md")),
    *sorted((PROJECT / "docs").glob("*.md")),
]
CHANGES = [
    change for page in PAGES for change in re.findall(r"```diff\n(.*?)```", page.read_text(), re.S)
]
IN_ERRORS = re.findall(r"^\|([^|]*`[^|]*)\|", (PROJECT / "docs/errors.md").read_text(), re.M)
SOURCES = "\n".join(
    file.read_text() for file in sorted((PROJECT / "src/autoencoder_lab").rglob("*.py"))
)


def commands(start: str) -> Iterator[str]:
    """Yield the commands that begin so, in blocks of code and in tables."""
    for page in PAGES:
        text = page.read_text()
        for indented, inline in re.findall(rf"^    ({start}.*)|`({start}[^`]+)`", text, re.M):
            yield (indented or inline).partition("#")[0].strip()


KEDRO = sorted({*commands("kedro ")} - {"kedro run` and"})
MAKE = sorted({target for line in commands("make ") for target in line.split()[1:2]})


@pytest.mark.slow
def test_the_reference_of_parameters_is_that_of_the_classes() -> None:
    written = subprocess.run(
        [sys.executable, "docs/parameters.py"],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert written.stdout == (PROJECT / "docs/parameters.md").read_text(), "run docs/parameters.py"


def test_all_parameters_are_explained() -> None:
    rows = re.findall(r"^\| `.*\|$", (PROJECT / "docs/parameters.md").read_text(), re.M)

    assert len(rows) > 80
    assert [row for row in rows if not row.split("|")[-2].strip()] == []


@pytest.mark.slow
def test_the_site_is_built_and_all_links_between_documents_lead_somewhere(tmp_path: Path) -> None:
    options = ["--quiet", "--nitpicky", "--fail-on-warning", "--conf-dir", "docs/site"]
    command = [sys.executable, "-m", "sphinx", *options, "--doctree-dir", tmp_path / "doctrees"]
    built = subprocess.run(
        [*command, ".", tmp_path / "site"], cwd=PROJECT, capture_output=True, text=True
    )

    assert built.returncode == 0, built.stdout + built.stderr
    page = (tmp_path / "site/README.html").read_text()
    assert "Train, evaluate and compare autoencoders" in page
    assert 'href="docs/guide.html"' in page


@pytest.mark.slow  # who adds a family changes the same lines
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.splitlines()[1][6:])
def test_changes_that_a_page_shows_apply(change: str) -> None:
    command = ["git", "apply", "--check", "-"]
    done = subprocess.run(command, cwd=PROJECT, input=change, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("line", KEDRO)
def test_commands_of_kedro_are_such(line: str) -> None:
    words = shlex.split(line.replace("…", ""))[1:]
    words = ["x" if "<" in word or word.endswith(">") else word for word in words]
    command: click.Command = KedroCLI(PROJECT)
    context = click.Context(command, info_name="kedro")
    while isinstance(command, click.Group) and words:
        found = command.get_command(context, words[0])
        assert found is not None, f"{words[0]} in: {line}"
        command, words = found, words[1:]

    options = {name for option in command.params for name in option.opts}
    given = [word.partition("=")[0] for word in words if word.startswith("-")]
    assert [option for option in given if option not in options] == []


@pytest.mark.parametrize("target", MAKE)
def test_targets_of_make_are_such(target: str) -> None:
    assert re.search(rf"^{re.escape(target)}:", (PROJECT / "Makefile").read_text(), re.M)


@pytest.mark.parametrize("cell", IN_ERRORS, ids=str.strip)
def test_messages_are_what_the_project_says(cell: str) -> None:
    said = re.sub(r'"\s*\n\s*f?"', "", SOURCES)  # texts are written over several lines

    for words in re.findall(r"`([^`]+)`", cell):
        assert words in said
