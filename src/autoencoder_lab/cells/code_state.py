"""The code that computes: its commit, its uncommitted changes, and the versions of libraries."""

import glob
import hashlib
import json
import logging
import platform
import shutil
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import git

logger = logging.getLogger(__name__)

LARGEST_UNTRACKED = 5_000_000  # bytes

RECORDED = ("src", "conf", "notebooks", "pyproject.toml", "requirements.txt")
"""What a project's record of uncommitted changes is of: no photographs, logs or keys beside it."""

PRIVATE = ("conf/local/**", "conf/**/credentials*", "conf/**/credentials*/**")
"""What is never recorded, as git's patterns: a user's own settings, Kedro's files of log-ins."""

LIBRARIES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-image",
    "faiss-cpu",
    "keras",
    "tensorflow",
)


class CodeState(BaseModel):
    """The code of a run, as far as it decides about numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    commit: str | None
    """Of the project's repository; none outside of one, or without a git program."""
    uncommitted: str | None
    """SHA-256 of what is `RECORDED` and differs from the commit; none where nothing does."""
    versions: dict[str, str]
    """Of Python and the libraries that compute."""
    package: str = ""
    """SHA-256 of the files that compute: this package's, wherever they lie, and `conf/base`."""

    @property
    def digest(self) -> str:
        """SHA-256 of what decides about numbers: of these files and versions, in any commit."""
        return hashlib.sha256(json.dumps([self.package, self.versions]).encode()).hexdigest()

    def differences(self, other: "CodeState") -> list[str]:
        """Return what computes otherwise here than there, a sentence each."""
        if self.digest == other.digest:
            return []
        theirs, ours = (
            {
                "commit": state.commit and state.commit[:8],
                "uncommitted changes": state.uncommitted and state.uncommitted[:8],
                "digest of src and conf/base": state.package[:8],
                **state.versions,
            }
            for state in (other, self)
        )
        return [
            f"{name} was {theirs.get(name) or 'none'}, is {ours.get(name) or 'none'}"
            for name in theirs | ours
            if theirs.get(name) != ours.get(name)
        ]


def read_code_state(project: Path) -> CodeState:
    """Return the state of the code in the repository of which the project is a part."""
    commit, uncommitted = _read_repository(project)
    versions = {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}
    return CodeState(
        commit=commit,
        uncommitted=uncommitted,
        versions=versions,
        package=_digest_of_files(Path(__file__).parents[1], project / "conf" / "base"),
    )


def _digest_of_files(*folders: Path) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            name = str(file.relative_to(folder.parent))
            if file.is_file() and file.suffix != ".pyc" and not _is_of_an_editor(name):
                digest.update(name.encode("utf-8", "surrogateescape"))
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _read_repository(project: Path) -> tuple[str | None, str | None]:
    if shutil.which("git") is None:
        logger.warning("There is no git program: results do not say which code made them.")
        return None, None
    import git  # which fails where there is no program

    try:
        repository = git.Repo(project, search_parent_directories=True)
        commit = repository.head.commit.hexsha
        recorded = _recorded(project, repository)
        difference = repository.git.diff("HEAD", "--binary", "--", *recorded)
        changes = hashlib.sha256(difference.encode("utf-8", "surrogateescape"))
        root = Path(repository.working_dir)
        untracked = _untracked(repository, recorded)
        for name in untracked:
            changes.update(name.encode("utf-8", "surrogateescape"))
            if (root / name).is_file():  # not a broken link
                changes.update((root / name).read_bytes())
        return commit, changes.hexdigest() if difference or untracked else None
    except (git.InvalidGitRepositoryError, git.GitCommandError, ValueError) as error:
        logger.warning("Not in a git commit: results do not say which code made them. %s", error)
        return None, None


def _recorded(project: Path, repository: "git.Repo") -> list[str]:
    """Return git's names, from anywhere, for what is recorded of a project in a repository."""
    root = Path(repository.working_dir).resolve()
    inside = project.resolve().relative_to(root)
    included = [f":(top,literal){inside / name}" for name in RECORDED]
    place = Path(glob.escape(str(inside)))
    return [*included, *(f":(top,exclude,glob){place / pattern}" for pattern in PRIVATE)]


def _untracked(repository: "git.Repo", recorded: Sequence[str]) -> list[str]:
    """Return the files that git neither knows nor ignores, from the repository's root."""
    options = ["--others", "--exclude-standard", "--full-name", "-z"]
    listed: str = repository.git.ls_files(*options, "--", *recorded)
    return sorted(name for name in listed.split("\0") if name and not _is_of_an_editor(name))


def _is_of_an_editor(name: str) -> bool:
    """Whether a file is hidden, or a copy that an editor keeps: neither is ever read."""
    return name.endswith("~") or any(part.startswith(".") for part in Path(name).parts)


def read_patch(project: Path) -> bytes:
    """Return what is `RECORDED` and differs from the commit, as `git apply` takes it.

    Untracked files are in it, but for those of more than 5 MB, of which is warned. Empty where
    nothing differs.
    """
    import git  # as above

    repository = git.Repo(project, search_parent_directories=True)
    root = Path(repository.working_dir)
    recorded = _recorded(project, repository)
    untracked = _untracked(repository, recorded)
    large = [
        name
        for name in untracked
        if (root / name).is_file() and (root / name).stat().st_size > LARGEST_UNTRACKED
    ]
    if large:
        logger.warning("Too large for the record of uncommitted changes: %s", ", ".join(large))
    new = [f":(top,literal){name}" for name in untracked if name not in large]
    with tempfile.TemporaryDirectory() as folder:
        # An index and objects of its own: the user's are left alone.
        index = shutil.copy(repository.index.path, Path(folder) / "index")
        alternates = Path(folder) / "info" / "alternates"  # a variable would part paths at colons
        alternates.parent.mkdir()
        alternates.write_text(f"{Path(repository.common_dir).resolve() / 'objects'}\n")
        with repository.git.custom_environment(
            GIT_INDEX_FILE=str(index), GIT_OBJECT_DIRECTORY=folder
        ):
            repository.git.add("--update", "--", ":/")
            if new:
                repository.git.add("--", *new)
            patch: bytes = repository.git.diff(
                "HEAD",
                "--cached",
                "--binary",
                "--",
                *recorded,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
            )
    return patch


def has_commit(project: Path, commit: str) -> bool:
    """Whether the repository of which the project is a part holds a commit."""
    import git  # as above

    try:
        git.Repo(project, search_parent_directories=True).commit(commit)
    except (git.InvalidGitRepositoryError, git.GitCommandError, ValueError):
        return False
    return True
