"""A clone of the project as it was when a run was made."""

import shutil
import subprocess
from pathlib import Path

import git
import yaml
from upath import UPath

from autoencoder_lab.code_state import read_code_state
from autoencoder_lab.failures import BadInput

from .plan import Replay

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
    is_of_run = (replay.commit, replay.patch) == (replay.record.commit, replay.record.patch)
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
    credentials = replay.project / "conf" / "local" / "credentials.yml"
    if credentials.exists():
        shutil.copy(credentials, local)


def _link_data(replay: Replay, project: Path) -> None:
    """Let the clone have a data set that git does not: it keeps to its own folder `data`."""
    (project / "conf" / "local" / "globals.yml").write_text("data_root: data\n")
    place = Path("data") / "01_raw" / replay.record.dataset
    if "://" in replay.data_root:
        store = UPath(replay.data_root) / "01_raw" / replay.record.dataset
        if store.is_dir():
            store.fs.get(f"{store.path}/", f"{project / place}/", recursive=True)
        return
    source = replay.project.resolve() / replay.data_root / "01_raw" / replay.record.dataset
    if not source.is_dir():
        return
    for file in source.iterdir():
        target = project / place / file.name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(file)
