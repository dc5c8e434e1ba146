from pathlib import Path

import git
import pytest

from autoencoder_lab.code_state import read_code_state
from autoencoder_lab.failures import BadInput
from autoencoder_lab.study.plan import Cell, Study

CELLS = (Cell("mnist", "tied", 1), Cell("mnist", "tied", 2), Cell("digits", "tied", 1))


def study_of(
    *done: Cell, env: str | None = None, params: str | None = None, project: Path = Path()
) -> Study:
    code = read_code_state(project)
    return Study(project, code, "november", env, params, CELLS, frozenset(done))


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
    (tmp_path / "code.py").write_text("1")
    repository.index.add("code.py")
    repository.index.commit("First")
    study = study_of(project=tmp_path)

    study.require_same_code()
    (tmp_path / "code.py").write_text("2")

    with pytest.raises(BadInput, match=r"uncommitted changes was none, is \w+\. Return to it"):
        study.require_same_code()
