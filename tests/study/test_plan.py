import pytest

from autoencoder_lab.study.plan import Cell, Study

CELLS = (Cell("mnist", "tied", 1), Cell("mnist", "tied", 2), Cell("digits", "tied", 1))


@pytest.mark.parametrize(("env", "option"), [(None, []), ("smoke", ["--env=smoke"])])
def test_a_cell_is_a_kedro_run_that_a_scheduler_could_do_as_well(
    env: str | None, option: list[str]
) -> None:
    study = Study("november", env, CELLS, frozenset())

    assert study.run_cell(CELLS[1]) == [
        "run",
        *option,
        "--pipelines=tied",
        "--params=dataset=mnist,seed=2,run_key=november",
        "--only-missing-outputs",
    ]
    assert study.compare("digits") == [
        "run",
        *option,
        "--pipelines=comparison",
        "--params=dataset=digits,run_key=november",
    ]


def test_what_is_done_is_not_run_but_its_data_set_is_compared() -> None:
    study = Study("november", None, CELLS, frozenset({CELLS[0], CELLS[2]}))

    assert study.to_run == [CELLS[1]]
    assert study.datasets == ["mnist", "digits"]
