from collections.abc import Set
from pathlib import Path

import pytest

from autoencoder_lab.cells import made_from
from autoencoder_lab.cells.code_state import CodeState
from autoencoder_lab.cells.made_from import MadeFrom, Origin
from autoencoder_lab.cells.stored_files import local_file
from autoencoder_lab.commands.doctor.results import CellFolder, check_results

CODE = CodeState(commit=None, uncommitted=None, versions={})


def write_results(folder: Path, digests: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    for name in digests.keys() - {"gone.png"}:
        (folder / name).touch()
    origins = {
        name: Origin(parameters={}, data="", code=CODE, sha256=digest)
        for name, digest in digests.items()
    }
    made_from.write(local_file(folder / made_from.FILE_NAME), MadeFrom(files=origins))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with a cell, and one of a run key; a file is gone, another not whole."""
    files = {
        "data/06_models/toys/tied/seed-3": {"model.keras": "a"},
        "data/08_reporting/toys/tied/seed-3": {"map.png": "b", "gone.png": "c", "cut.png": ""},
        "data/06_models/toys/nightly/tied/seed-3": {"model.keras": "d"},
    }
    for folder, digests in files.items():
        write_results(tmp_path / folder, digests)
    return tmp_path


@pytest.mark.parametrize("name", ["lab [2]", "02_lab"])
def test_names_may_look_like_patterns_and_layers(tmp_path: Path, name: str) -> None:
    project = tmp_path / name
    write_results(project / "data/06_models/05_faces/02_wide/tied/seed-3", {"model.keras": "a"})
    # Of whoever put it there.
    write_results(project / "data/06_models/seed-1", {"model.keras": "b"})
    asked = []

    check_results(project, "data", None, lambda cell, digests: asked.append(cell) or digests)

    assert asked == [CellFolder("05_faces", "02_wide", "tied", 3)]


def test_cells_whose_files_a_run_holds_are_fine(project: Path) -> None:
    asked = []

    def digests_in_store(cell: CellFolder, digests: Set[str]) -> Set[str]:
        asked.append((cell, digests))
        return digests

    found = check_results(project, "data", None, digests_in_store)

    assert (found.looked_at, found.problems) == ("2 cells in data", ())
    assert dict(asked) == {
        CellFolder("toys", None, "tied", 3): {"a", "b"},
        CellFolder("toys", "nightly", "tied", 3): {"d"},
    }


def test_a_damaged_record_is_named_and_a_folder_put_aside_is_passed_over(project: Path) -> None:
    reporting = project / "data/08_reporting/toys/tied"
    (reporting / "seed-3" / made_from.FILE_NAME).write_text("{")
    (reporting / "seed-3").rename(reporting / "seed-4")
    (project / "data/06_models/toys/tied/seed-3").rename(
        project / "data/06_models/toys/tied/seed-old"
    )

    found = check_results(project, "data", None, lambda *_: {"d"})

    [problem] = found.problems
    assert "seed-4/made_from.json is damaged" in problem.text
    assert "seed-4" in problem.remedy


def test_files_that_no_run_holds_are_named_with_what_logs_them(project: Path) -> None:
    found = check_results(project, str(project / "data"), "smoke", lambda *_: {"a"})

    problems = {problem.text: problem.remedy for problem in found.problems}
    assert problems == {
        "tied on toys, seed 3: no run holds 1 of 2 files, as 08_reporting/map.png": (
            "kedro run --env=smoke --pipelines=tied --params=dataset=toys,seed=3 "
            "--only-missing-outputs"
        ),
        "tied on toys, seed 3, run key nightly: no run holds 1 of 1 files, as "
        "06_models/model.keras": (
            "kedro run --env=smoke --pipelines=tied --params=dataset=toys,seed=3,run_key=nightly "
            "--only-missing-outputs"
        ),
    }
