"""Results that do not depend on the variant: made by one session, reused by all others."""

import hashlib
import logging
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline.node import Node

from . import made_from
from .hooks import Cells
from .made_from import MadeFrom, Origin
from .stored_files import StoredFile, stored_file

logger = logging.getLogger(__name__)


class ShareResults:
    """Lets a node take its shared result where one is there that was made from the same.

    One session at a time makes a result, and the others wait. On an object store this holds for
    the sessions of a machine; those of several machines may each make it, from the same the same.
    """

    def __init__(self, cells: Cells) -> None:
        self._cells = cells

    @hook_impl
    def before_pipeline_run(self, catalog: DataCatalog) -> None:
        self._catalog = catalog

    @hook_impl
    def around_node(self, node: Node) -> AbstractContextManager[Node] | None:
        match node.outputs:
            case [name] if name in self._cells.plan.shared:
                return self._take_or_make(node, name)
            case _:
                return None

    @contextmanager
    def _take_or_make(self, node: Node, name: str) -> Iterator[Node]:
        file = stored_file(self._catalog.get(name))
        assert file is not None, f"{name} is shared, and not kept in a file"
        origin = self._cells.plan.shared[name]
        record = file.beside(made_from.FILE_NAME)
        with _locked(file):
            if _may_be_taken(file, record, origin):
                logger.info("Reusing %s from %s", name, file.folder)
                self._keep(name)
                yield _taking(node, self._catalog.load(name))
                return
            # Before the file, so that at no time it stands beside a record of something else.
            made_from.write(record, MadeFrom(files={file.name: origin}))
            yield node
            whole = origin.model_copy(update={"sha256": file.sha256()})
            made_from.write(record, MadeFrom(files={file.name: whole}))
            self._keep(name)

    def _keep(self, name: str) -> None:
        """Hold a result in memory: a session of other parameters may write another there."""
        held = MemoryDataset(self._catalog.load(name), copy_mode="assign")
        self._catalog._datasets[name] = held  # without the warning of `catalog[name] = held`


def _may_be_taken(file: StoredFile, record: StoredFile, now: Origin) -> bool:
    try:
        origin = made_from.read(record).files.get(file.name)
    except ValueError as damage:
        logger.warning("%s: %s is recomputed", damage, file.name)
        return False
    if origin is None or not origin.sha256 or not file.exists():
        return False
    problem = made_from.find_problem(file, origin, now)
    if not problem and origin.code.digest != now.code.digest:
        problem = "was made by other code"
    if problem:
        logger.info("%s %s: it is recomputed", file.address, problem)
    return not problem


def _taking(node: Node, value: object) -> Node:
    """Return a node that returns a value in the place of another."""

    def take(*_: object) -> object:
        return value

    return node._copy(func=take)


@contextmanager
def _locked(file: StoredFile) -> Iterator[None]:
    lock = FileLock(lock_file(file), thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.info("Waiting for another session, which makes %s", file.address)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def lock_file(file: StoredFile) -> Path:
    """Return the file by which the sessions of this machine wait for each other."""
    if file.is_local:
        return Path(file.beside(".lock").path)
    digest = hashlib.sha256(file.address.encode()).hexdigest()
    return Path(tempfile.gettempdir()) / f"autoencoder-lab-{digest[:16]}.lock"
