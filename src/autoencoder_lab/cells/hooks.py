"""Keeping cells whole: no file stands beside another that it was not made with."""

import logging
import tempfile
import threading
from collections.abc import Generator, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

from autoencoder_lab.failures import BadInput, said_by

from . import made_from
from .code_state import CodeState, read_code_state
from .graph import variant_of
from .made_from import MadeFrom, Origin
from .plan import Plan, by_record, cell_files, make_plan
from .stored_files import StoredFile, stored_file

logger = logging.getLogger(__name__)


class Cells:
    """What the hooks of a session share: the code that runs, its plan, and its locks."""

    def __init__(self) -> None:
        self.locks = ExitStack()
        self.code: CodeState
        self.plan: Plan
        self.registered: Pipeline
        """All nodes that there are."""


class PlanCells:
    """Takes the cells that a session writes to, and refuses results there of something else."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        self._project = context.project_path

    @hook_impl(wrapper=True)  # so that it comes before tracking starts a run
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> Generator[None, Any, Any]:
        self._cells.locks.close()  # those of a session that was interrupted in a notebook
        try:
            self._plan(run_params, pipeline, catalog)
            return (yield)
        except BaseException:
            self._cells.locks.close()
            raise

    @hook_impl(wrapper=True)
    def after_pipeline_run(self) -> Generator[None, Any, Any]:
        return (yield from self._until_unlocked())

    @hook_impl(wrapper=True)
    def on_pipeline_error(self) -> Generator[None, Any, Any]:
        return (yield from self._until_unlocked())

    def _until_unlocked(self) -> Generator[None, Any, Any]:
        try:
            return (yield)
        finally:
            self._cells.locks.close()

    def _plan(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog) -> None:
        registered = self._cells.registered = sum(pipelines.values(), Pipeline([]))
        variants = {variant_of(node) for node in pipeline.nodes}
        nodes = [node for node in registered.nodes if variant_of(node) in variants]
        files = cell_files(nodes, catalog).values()
        _require_reachable(files)
        _lock(files, self._cells.locks)
        self._cells.code = read_code_state(self._project)
        self._cells.plan = make_plan(
            pipeline,
            registered,
            catalog,
            self._cells.code,
            only_missing_outputs=run_params["only_missing_outputs"],
        )
        _refuse(self._cells.plan, run_key=catalog.load("params:run_key"))
        for name in self._cells.plan.shared:
            if (file := stored_file(catalog.get(name))) and file.is_local:
                _make_folder(file.folder)


class KeepCells:
    """Removes what is outdated, and writes down what each file is made from."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._records: dict[StoredFile, MadeFrom] = {}
        self._writing = threading.Lock()

    @hook_impl
    def before_pipeline_run(self) -> None:
        plan = self._cells.plan
        self._records = {}
        for record, names in by_record(plan.files).items():
            made = {plan.files[name].name: plan.made[name] for name in names if name in plan.made}
            stale = [plan.files[name].name for name in names if name in plan.stale]
            if made or stale:
                self._records[record] = _begin(record, made, stale)
        # Only now, so that at no time a file stands beside a record of something else.
        for name in (*plan.made, *plan.stale):
            if plan.files[name].exists():
                plan.files[name].remove()

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        plan = self._cells.plan
        if dataset_name not in plan.made:
            return
        file = plan.files[dataset_name]
        whole = plan.made[dataset_name].model_copy(update={"sha256": file.sha256()})
        record = file.beside(made_from.FILE_NAME)
        with self._writing:
            files = {**self._records[record].files, file.name: whole}
            self._records[record] = MadeFrom(files=files)
            made_from.write(record, self._records[record])


def _require_reachable(files: Iterable[StoredFile]) -> None:
    """Refuse an object store that takes no files, before anything is trained for it."""
    for file in files:
        if file.is_local:
            continue
        probe = file.beside(".writable")
        try:
            probe.write(b"")
            probe.remove()
        except Exception as error:  # each store's client has its own
            raise BadInput(
                f"results cannot be written to {file.disk.unstrip_protocol(file.folder)}: "
                f"{said_by(error)}. The store is data_root in globals.yml; its "
                "client reads address and credentials from the environment, as AWS_ENDPOINT_URL"
            ) from error
        return  # all are in one store


def _lock(files: Iterable[StoredFile], locks: ExitStack) -> None:
    """Take a lock for each folder, so that no two sessions write to a cell at once.

    On an object store, which has no locks, digests tell afterwards.
    """
    for folder in sorted({file.folder for file in files if file.is_local}):
        file = _make_folder(folder) / ".lock"
        lock = FileLock(file, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise BadInput(
                f"another session is writing to {folder}: wait until it has ended, "
                "or give this one a run_key of its own"
            ) from error
        locks.callback(lock.release)
        locks.callback(file.unlink, missing_ok=True)  # while it is held: others then look again


def _make_folder(folder: str) -> Path:
    """Return a folder that files can be written to, or refuse before anything is trained."""
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        raise _not_writable(folder, error) from error


def _not_writable(folder: str, error: OSError) -> BadInput:
    return BadInput(
        f"results cannot be written to {folder}: {error.strerror}. Make it writable, or choose "
        "another folder for results: data_root in globals.yml"
    )


def _begin(record: StoredFile, made: Mapping[str, Origin], stale: list[str]) -> MadeFrom:
    """Write down what files will be made from, before the first of them is written."""
    try:
        before = made_from.read(record).files
    except ValueError as damage:
        logger.warning("%s. It is started afresh: other files beside it cannot be reused.", damage)
        before = {}
    kept = {name: origin for name, origin in before.items() if name not in stale}
    begun = MadeFrom(files={**kept, **made})
    try:
        made_from.write(record, begun)
    except OSError as error:  # the disk is full
        raise _not_writable(record.folder, error) from error
    return begun


def _refuse(plan: Plan, *, run_key: str | None) -> None:
    if plan.problems:
        raise BadInput(
            "results on disk cannot be reused:\n"
            f"{_listing(plan.problems, plan)}\n"
            "Run with what they were made from; or delete them, or choose the nodes that make "
            "them, to have them recomputed"
        )
    if not plan.other_code:
        return
    listing = _listing(plan.other_code, plan)
    if run_key is not None:
        raise BadInput(
            f"results of run_key {run_key} were made by other code:\n{listing}\n"
            "Return to that code, or choose another run_key"
        )
    logger.warning("Results that other code made are reused:\n%s", listing)


def _listing(reasons: Mapping[str, str], plan: Plan) -> str:
    """Return each reason once, under the files for which it is given."""
    names: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        names.setdefault(reason, []).append(plan.files[name].address)
    return "\n".join(
        line
        for reason, paths in names.items()
        for line in (*(f"  {p}" for p in paths), f"    {reason}")
    )
