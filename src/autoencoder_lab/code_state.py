"""Which code computes: the commit, what is not committed, and the versions of the libraries."""

import hashlib
import logging
import platform
import shutil
import tempfile
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict

logger = logging.getLogger(__name__)

LARGEST_UNTRACKED = 5_000_000  # bytes

LIBRARIES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-image",
    "faiss-cpu",
    "keras",
    "tensorflow",
    "autoencoder-lab",
)


class CodeState(BaseModel):
    """The code of a run, as far as it decides about numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    commit: str | None
    """Of the project's repository; none outside of one, or without a git program."""
    uncommitted: str | None
    """SHA-256 of all that differs from the commit; none where nothing does."""
    versions: dict[str, str]
    """Of Python and the libraries that compute."""
    package: str = ""
    """SHA-256 of this package's files, wherever they lie."""

    def computes_like(self, other: "CodeState") -> bool:
        """Whether the package and the libraries are the same, whatever the commits are."""
        return (self.package, self.versions) == (other.package, other.versions)

    def differences(self, other: "CodeState") -> list[str]:
        """Return what is another here than there, a sentence each."""
        theirs, ours = (
            {
                "commit": state.commit and state.commit[:8],
                "uncommitted changes": state.uncommitted and state.uncommitted[:8],
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
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):  # the last, where the code runs from its repository
            versions[name] = version(name)
    return CodeState(
        commit=commit, uncommitted=uncommitted, versions=versions, package=_package_digest()
    )


def _package_digest() -> str:
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for file in sorted(root.rglob("*")):
        if file.is_file() and file.suffix != ".pyc":
            digest.update(str(file.relative_to(root)).encode())
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
        changes = hashlib.sha256(repository.git.diff("HEAD", "--binary").encode())
        root = Path(repository.working_dir)
        untracked = sorted(repository.untracked_files)
        for name in untracked:
            changes.update(name.encode())
            if (root / name).is_file():  # not a broken link
                changes.update((root / name).read_bytes())
        is_dirty = repository.is_dirty() or bool(untracked)
        return commit, changes.hexdigest() if is_dirty else None
    except (git.InvalidGitRepositoryError, git.GitCommandError, ValueError) as error:
        logger.warning("Not in a git commit: results do not say which code made them. %s", error)
        return None, None


def read_patch(project: Path) -> bytes:
    """Return what differs from the commit, untracked files included, as `git apply` takes it.

    Empty where nothing differs. Untracked files of more than 5 MB are left out, with a warning.
    """
    import git  # as above

    repository = git.Repo(project, search_parent_directories=True)
    root = Path(repository.working_dir)
    large = [
        name
        for name in repository.untracked_files
        if (root / name).is_file() and (root / name).stat().st_size > LARGEST_UNTRACKED
    ]
    if large:
        logger.warning("Too large for the record of uncommitted changes: %s", ", ".join(large))
    with tempfile.TemporaryDirectory() as folder:
        # An index and objects of its own: the user's are left alone.
        index = shutil.copy(repository.index.path, Path(folder) / "index")
        with repository.git.custom_environment(
            GIT_INDEX_FILE=str(index),
            GIT_OBJECT_DIRECTORY=folder,
            GIT_ALTERNATE_OBJECT_DIRECTORIES=str(Path(repository.common_dir) / "objects"),
        ):
            excluded = [f":(top,exclude,literal){name}" for name in large]
            repository.git.add("--all", "--", ":/", *excluded)
            patch: bytes = repository.git.diff(
                "HEAD",
                "--cached",
                "--binary",
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
