"""A clone of the project as it was when a run was made."""

import subprocess
from pathlib import Path

import git
import yaml

from autoencoder_lab.cells.code_state import read_code_state
from autoencoder_lab.cells.stored_files import data_folder
from autoencoder_lab.failures import BadInput

from .plan import Replay

OWN_DATA = "data"
"""The folder to which a clone keeps, wherever the user's data are."""

NAMES_FOLDERS = ("dataset", "seed", "run_key")
"""Parameters that also name folders: given by `--params`."""


def check_out(replay: Replay, folder: Path) -> Path:
    """Fill a folder with the code, configuration and data of a replay; return the project in it.

    The user's own files are left alone. The configuration is that of the run, as it was resolved;
    the store is the user's.
    """
    original = git.Repo(replay.project, search_parent_directories=True)
    root = Path(original.working_dir)
    clone = original.clone(folder, shared=True, no_checkout=True)
    clone.git.checkout("--detach", replay.commit)
    if replay.patch:
        applied = subprocess.run(
            ["git", "apply", "-"], cwd=folder, input=replay.patch, capture_output=True
        )
        if applied.returncode:
            raise BadInput(
                f"the uncommitted changes of run {replay.record.run_id} cannot be applied to "
                f"{replay.commit[:8]}: {applied.stderr.decode()}"
            )
    project = folder / replay.project.resolve().relative_to(root.resolve())
    record = replay.record
    is_of_run = (replay.commit, replay.patch) == (record.commit, record.patch) and record.code
    if is_of_run and (read_code_state(project).uncommitted or "") != replay.record.changes:
        raise BadInput(
            f"the uncommitted changes of run {replay.record.run_id} were not kept whole, as a file "
            "was too large. --allow-other-code runs the code that is here"
        )
    _configure(replay, project / "conf" / "local")
    _link_data(replay, project)
    return project


def _configure(replay: Replay, local: Path) -> None:
    local.mkdir(parents=True, exist_ok=True)
    of_run = replay.record.parameters.items()
    parameters = {key: value for key, value in of_run if key not in NAMES_FOLDERS}
    (local / "parameters.yml").write_text(yaml.safe_dump(parameters))
    (local / "mlflow.yml").write_text(yaml.safe_dump(replay.tracking))
    (local / "globals.yml").write_text(yaml.safe_dump({"data_root": OWN_DATA}))


def _link_data(replay: Replay, project: Path) -> None:
    """Let the clone have a data set that git does not."""
    place = Path("01_raw") / replay.record.dataset
    source = data_folder(replay.data_root, project=replay.project.resolve()) / place
    own = project / OWN_DATA / place
    if not source.is_dir():
        return
    if not isinstance(source, Path):
        source.fs.get(f"{source.path}/", f"{own}/", recursive=True)
        return
    for file in source.iterdir():
        target = own / file.name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(file)
