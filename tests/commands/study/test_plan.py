import json
import re
from pathlib import Path

import git
import pytest

from autoencoder_lab.cells.code_state import read_code_state
from autoencoder_lab.commands.study.plan import Cell, Study

CELLS = (Cell("mnist", "tied", 1), Cell("mnist", "tied", 2), Cell("digits", "tied", 1))


def study_of(
    *done: Cell, env: str | None = None, params: str | None = None, project: Path = Path()
) -> Study:
    code = read_code_state(project)
    return Study(project, "data", code, "november", env, params, CELLS, frozenset(done))


@pytest.mark.parametrize(("env", "option"), [(None, []), ("smoke", ["--env=smoke"])])
@pytest.mark.parametrize(("params", "others"), [(None, ""), ("a.b=1,c=x", ",a.b=1,c=x")])
def test_a_cell_is_a_kedro_run_that_a_scheduler_could_do_as_well(
    env: str | None, option: list[str], params: str | None, others: str
) -> None:
    study = study_of(env=env, params=params)

    assert study.run_cell(CELLS[1]) == [
        "run",
        *option,
        "--pipelines=tied",
        f"--params=dataset=mnist,seed=2,run_key=november{others}",
        "--only-missing-outputs",
    ]
    assert study.compare("digits") == [
        "run",
        *option,
        "--pipelines=comparison",
        f"--params=dataset=digits,run_key=november{others}",
    ]


def test_what_is_done_is_not_run_but_its_data_set_is_compared() -> None:
    study = study_of(CELLS[0], CELLS[2])

    assert study.to_run == [CELLS[1]]
    assert study.datasets == ["mnist", "digits"]


def test_a_study_is_of_one_code(tmp_path: Path) -> None:
    repository = git.Repo.init(tmp_path)
    catalog = tmp_path / "conf/base/catalog.yml"
    catalog.parent.mkdir(parents=True)
    catalog.write_text("1")
    repository.index.add("conf/base/catalog.yml")
    repository.index.commit("First")
    study = study_of(project=tmp_path)

    (tmp_path / "study.log").write_text("its own lines")
    assert study.code_changes() == []
    catalog.write_text("2")

    changes = "; ".join(study.code_changes())
    assert re.search(r"uncommitted changes was none, is \w+; digest of src and conf/base", changes)


def test_what_is_run_is_told_to_programs() -> None:
    commands = study_of(CELLS[0]).commands()

    assert json.loads(json.dumps(commands)) == commands
    assert [cell["is_done"] for cell in commands["cells"]] == [cell == CELLS[0] for cell in CELLS]
    assert [cell["command"][-2] for cell in commands["cells"]] == [
        f"--params=dataset={cell.dataset},seed={cell.seed},run_key=november" for cell in CELLS
    ]
    for kind in ("ingest", "comparison"):
        assert [command[1:] for command in commands[kind]] == [
            [f"--pipelines={kind}", f"--params=dataset={dataset},run_key=november"]
            for dataset in ("mnist", "digits")
        ]
