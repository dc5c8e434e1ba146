"""Finding results on disk that no run holds."""

import shlex
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autoencoder_lab.cells import made_from
from autoencoder_lab.cells.stored_files import data_folder, find_files

from .findings import Check, Problem, check


@dataclass(frozen=True)
class CellFolder:
    """A cell that has files on disk."""

    dataset: str
    run_key: str | None
    variant: str
    seed: int

    @property
    def name(self) -> str:
        of_key = f", run key {self.run_key}" if self.run_key else ""
        return f"{self.variant} on {self.dataset}, seed {self.seed}{of_key}"

    def log_command(self, env: str | None) -> tuple[str, ...]:
        """Return the arguments of `kedro` that log the files, without recomputing them."""
        key = f",run_key={self.run_key}" if self.run_key else ""
        return (
            "run",
            *([f"--env={env}"] if env else []),
            f"--pipelines={self.variant}",
            f"--params=dataset={self.dataset},seed={self.seed}{key}",
            "--only-missing-outputs",
        )


DigestsInStore = Callable[[CellFolder, Set[str]], Set[str]]
"""Which of some digests are of files that finished runs of a cell hold."""


def check_results(
    project: Path,
    root: str,
    env: str | None,
    digests_in_store: DigestsInStore,
) -> Check:
    """Check that each whole file of each cell is one that a finished run of the store holds.

    Args:
        root: Under which the files are: an address, or a folder of the project.
    """
    damaged: list[Problem] = []
    cells = _cells(project, root, damaged)
    problems = _problems(cells, env, digests_in_store)
    return check("results", f"{len(cells)} cells in {root}", [*damaged, *problems])


def _problems(
    cells: dict[CellFolder, dict[str, str]],
    env: str | None,
    digests_in_store: DigestsInStore,
) -> Iterator[Problem]:
    for cell, on_disk in cells.items():
        in_store = digests_in_store(cell, set(on_disk.values()))
        lacking = sorted(name for name, digest in on_disk.items() if digest not in in_store)
        if lacking:
            files = f"{len(lacking)} of {len(on_disk)} files, as {lacking[0]}"
            command = cell.log_command(env)
            remedy = shlex.join(["kedro", *command])
            yield Problem(f"{cell.name}: no run holds {files}", remedy, command)


def _cells(project: Path, root: str, damaged: list[Problem]) -> dict[CellFolder, dict[str, str]]:
    """Return the digests of each cell's files, by their names, as they were written down.

    Args:
        damaged: Takes what is wrong with the records.
    """
    cells: dict[CellFolder, dict[str, str]] = {}
    records = f"0[2-8]_*/**/seed-*/{made_from.FILE_NAME}"
    folder = data_folder(root, project=project).path
    for record in find_files(root, records, project=project):
        layer, *of_cell, seed, _ = PurePosixPath(record.path).relative_to(folder).parts
        number = seed.removeprefix("seed-")
        if len(of_cell) not in (2, 3) or not number.isdecimal():  # what somebody has put aside
            continue
        dataset, *keys, variant = of_cell
        cell = CellFolder(dataset, keys[0] if keys else None, variant, int(number))
        try:
            files = made_from.read(record).files
        except ValueError as error:
            remedy = f"remove {record.folder}: the next run recomputes it"
            damaged.append(Problem(str(error), remedy))
            continue
        for name, origin in files.items():
            if origin.sha256 and record.beside(name).exists():
                cells.setdefault(cell, {})[f"{layer}/{name}"] = origin.sha256
    return cells
