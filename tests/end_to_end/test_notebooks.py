"""Every notebook runs from top to bottom on what a run left."""

import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from .conftest import PROJECT, ProjectCopy

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def trained(project: ProjectCopy, succeed: Callable[..., str]) -> ProjectCopy:
    shutil.copytree(PROJECT / "notebooks", project.folder / "notebooks")
    succeed("run", "--env=smoke", "--pipelines=stacked")
    return project


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_and_shows_a_figure(
    path: Path, trained: ProjectCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEDRO_ENV", "smoke")
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "commit it without outputs"

    NotebookClient(
        notebook, resources={"metadata": {"path": str(trained.folder / "notebooks")}}
    ).execute()

    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in shown)
