import logging

import pytest
from kedro.io import DataCatalog

from autoencoder_lab.cells import Cells, KeepCells, made_from
from autoencoder_lab.cells.plan import Plan, make_plan

from .conftest import CODE, Start, create_pipeline, make

A = create_pipeline("a")


def begin(catalog: DataCatalog, *, only_missing: bool = False) -> tuple[KeepCells, Plan]:
    """Begin a session, as far as it concerns its cells."""
    cells = Cells()
    cells.code = CODE
    cells.plan = make_plan(A, A, catalog, CODE, only_missing_outputs=only_missing)
    hook = KeepCells(cells)
    hook.before_pipeline_run()
    return hook, cells.plan


def save(hook: KeepCells, catalog: DataCatalog, name: str) -> None:
    catalog.save(name, {"of": name})
    hook.after_dataset_saved(dataset_name=name)


def recorded(plan: Plan, name: str) -> made_from.Origin:
    file = plan.files[name]
    return made_from.read(file.beside("made_from.json")).files[file.name]


def test_what_files_are_made_from_is_written_before_the_first_of_them(start: Start) -> None:
    _, plan = begin(start())

    for name in ("a.model", "a.score", "a.map"):
        assert recorded(plan, name) == plan.made[name]
        assert not plan.files[name].exists()


def test_a_whole_file_is_known_by_its_digest(start: Start) -> None:
    catalog = start()
    hook, plan = begin(catalog)

    save(hook, catalog, "a.score")
    save(hook, catalog, "a.map")

    assert recorded(plan, "a.score").sha256 == plan.files["a.score"].sha256()
    assert recorded(plan, "a.map").sha256 == plan.files["a.map"].sha256()
    assert recorded(plan, "a.model").sha256 == ""


def test_a_new_session_leaves_no_file_of_an_old_one_beside_its_own(start: Start) -> None:
    catalog = start()
    hook, plan = begin(catalog)
    for name in plan.made:
        save(hook, catalog, name)

    _, again = begin(start(epochs=7))

    assert not any(file.exists() for file in again.files.values())
    assert recorded(again, "a.model").parameters["epochs"] == 7


def test_only_what_is_made_anew_is_removed(start: Start) -> None:
    catalog = start()
    hook, plan = begin(catalog)
    save(hook, catalog, "a.model")
    save(hook, catalog, "a.score")

    begin(start(), only_missing=True)

    assert [plan.files[name].exists() for name in ("a.model", "a.score")] == [True, True]
    assert recorded(plan, "a.score").sha256


def test_a_damaged_record_is_begun_anew_and_that_is_said(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    catalog = start()
    plan = make_plan(A, A, catalog, CODE, only_missing_outputs=False)
    make(plan, catalog, "a.model")
    plan.files["a.model"].beside("made_from.json").write(b"{")

    with caplog.at_level(logging.WARNING):
        begin(catalog)

    assert "made_from.json is damaged" in caplog.text
    assert recorded(plan, "a.model").sha256 == ""
