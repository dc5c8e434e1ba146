import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from kedro.framework.hooks import _create_hook_manager, hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

from autoencoder_lab.cells import Cells, KeepCells, PlanCells, made_from
from autoencoder_lab.cells.plan import Plan, make_plan
from autoencoder_lab.failures import BadInput

from .conftest import CODE, Start, create_pipeline, make

A = create_pipeline("a")


class Session:
    """What a session asks of the hooks of its cells, and of one that is called after them."""

    def __init__(
        self, catalog: DataCatalog, pipeline: Pipeline = A, *, error: BaseException | None = None
    ) -> None:
        self.cells = Cells()
        self.error = error
        self._catalog = catalog
        self._pipeline = pipeline
        plan_cells = PlanCells(self.cells)
        plan_cells.after_context_created(SimpleNamespace(project_path=Path(__file__).parents[2]))  # type: ignore[arg-type]
        self._hooks = _create_hook_manager()
        for hooks in (self, KeepCells(self.cells), plan_cells):
            self._hooks.register(hooks)

    @hook_impl
    def before_pipeline_run(self) -> None:
        assert self.cells.plan
        if self.error is not None:
            raise self.error

    @hook_impl
    def after_dataset_saved(self) -> None:
        raise ConnectionError

    def begin(self) -> None:
        self._hooks.hook.before_pipeline_run(
            run_params={"only_missing_outputs": False},
            pipeline=self._pipeline,
            catalog=self._catalog,
        )

    def save(self, name: str) -> None:
        self._catalog.save(name, {"of": name})
        self._hooks.hook.after_dataset_saved(dataset_name=name, data={}, node=A.nodes[0])

    def end(self) -> None:
        self._hooks.hook.after_pipeline_run(
            run_params={}, run_result={}, pipeline=A, catalog=self._catalog
        )

    def fail(self) -> None:
        self._hooks.hook.on_pipeline_error(
            error=ValueError(), run_params={}, pipeline=A, catalog=self._catalog
        )


@pytest.fixture(autouse=True)
def _pipelines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autoencoder_lab.cells.hooks.pipelines", {"a": A})


ON_DISK = pytest.mark.parametrize("start", ["{folder}"], indirect=True, ids=["disk"])
"""An object store has no locks."""


@ON_DISK
@pytest.mark.parametrize("end", [Session.end, Session.fail])
def test_one_session_at_a_time_writes_to_a_cell(
    start: Start, end: Callable[[Session], None]
) -> None:
    first, second = Session(start()), Session(start())
    first.begin()

    with pytest.raises(BadInput, match=r"another session is writing to .*/models/a: wait"):
        second.begin()

    end(first)
    second.begin()


@ON_DISK
def test_a_folder_that_cannot_be_written_to_is_an_error_before_a_session_begins(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "models").write_text("in the place of the folder")

    with pytest.raises(BadInput, match=r"results cannot be written to .*/models/a: .*data_root"):
        Session(start()).begin()


@ON_DISK
@pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt()], ids=repr)
def test_a_session_that_does_not_begin_leaves_its_cells(start: Start, error: BaseException) -> None:
    with pytest.raises(type(error)):
        Session(start(), error=error).begin()

    Session(start()).begin()


@ON_DISK
def test_a_session_takes_the_cells_of_one_that_was_interrupted_in_its_process(start: Start) -> None:
    session = Session(start())
    session.begin()

    session.begin()


@pytest.mark.parametrize("run_key", [None, "spring"])
def test_what_other_code_made_is_warned_of_and_refused_under_a_run_key(
    start: Start, run_key: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    catalog = start(run_key=run_key)
    plan = make_plan(A, A, catalog, CODE, only_missing_outputs=False)
    make(plan, catalog, *plan.made)
    session = Session(catalog, A.from_nodes("a.encode"))

    if run_key is None:
        session.begin()
        assert "Results that other code made are reused" in caplog.text
    else:
        with pytest.raises(BadInput, match="results of run_key spring were made by other code"):
            session.begin()


def test_what_was_made_from_something_else_is_refused(start: Start) -> None:
    catalog = start()
    plan = make_plan(A, A, catalog, CODE, only_missing_outputs=False)
    make(plan, catalog, *plan.made)

    with pytest.raises(BadInput, match="results on disk cannot be reused"):
        Session(start(epochs=7), A.from_nodes("a.encode")).begin()


def test_a_file_is_known_by_its_digest_also_where_it_could_not_be_logged(start: Start) -> None:
    session = Session(start())
    session.begin()

    with pytest.raises(ConnectionError):
        session.save("a.model")

    assert recorded(session.cells.plan, "a.model").sha256


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


def test_only_what_is_recomputed_is_removed(start: Start) -> None:
    catalog = start()
    hook, plan = begin(catalog)
    save(hook, catalog, "a.model")
    save(hook, catalog, "a.score")

    begin(start(), only_missing=True)

    assert [plan.files[name].exists() for name in ("a.model", "a.score")] == [True, True]
    assert recorded(plan, "a.score").sha256


def test_a_damaged_record_is_started_afresh_with_a_warning(
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
