import os
import subprocess
from pathlib import Path

import pytest

from autoencoder_lab.cells import code_state
from autoencoder_lab.cells.code_state import CodeState, read_code_state, read_patch


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a folder with a file in a commit of its own."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "src").mkdir()
    (folder / "src/model.py").write_text("epochs = 1\n")
    (folder / "conf/base").mkdir(parents=True)
    (folder / "conf/base/parameters.yml").write_text("epochs: 1\n")
    (folder / ".gitignore").write_text("data\n")
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "First"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def test_a_clean_commit_has_no_uncommitted_changes(repository: Path) -> None:
    (repository / "data").write_text("ignored")

    state = read_code_state(repository)

    assert state.uncommitted is None
    assert state.commit is not None
    assert len(state.commit) == 40
    assert {"python", "keras", "numpy"} <= state.versions.keys()


def test_what_editors_leave_is_no_code(repository: Path) -> None:
    before = read_code_state(repository)

    for name in ("conf/base/.parameters.yml.swp", "conf/base/parameters.yml~", "src/.DS_Store"):
        (repository / name).write_text("something")

    assert read_code_state(repository) == before
    assert read_patch(repository) == b""


def test_a_name_that_is_no_text_is_recorded(repository: Path) -> None:
    (repository / "src" / os.fsdecode(b"gr\xf6\xdfer.py")).write_text("a")

    state = read_code_state(repository)

    assert state.commit is not None
    assert state.uncommitted is not None


def test_colons_in_a_path_are_part_of_it(repository: Path) -> None:
    project = repository.rename(repository.with_name("2026-11-30T00:20"))
    (project / "src/model.py").write_text("epochs = 2\n")

    assert b"+epochs = 2" in read_patch(project)


def test_a_project_may_be_a_folder_of_its_repository(repository: Path) -> None:
    lab = repository / "lab"
    (lab / "src").mkdir(parents=True)

    assert read_code_state(lab).commit == read_code_state(repository).commit
    (repository / "src/model.py").write_text("epochs = 2\n")
    assert read_code_state(lab).uncommitted is None
    (lab / "src/model.py").write_text("epochs = 2\n")
    assert read_code_state(lab).uncommitted is not None
    assert b"lab/src/model.py" in read_patch(lab)


def test_changes_and_new_files_have_a_digest_of_their_own(repository: Path) -> None:
    digests = []
    for name, content in (("model.py", "epochs = 2\n"), ("new.py", "a"), ("new.py", "b")):
        (repository / "src" / name).write_text(content)
        digests.append(read_code_state(repository / "").uncommitted)

    assert None not in digests
    assert len(set(digests)) == 3
    (repository / "src/new.py").unlink()
    assert read_code_state(repository).uncommitted == digests[0]


@pytest.mark.parametrize(
    "name",
    [
        "study.log",
        "README.md",
        "photos/me.jpg",
        "conf/local/key.yml",
        "conf/team/credentials.yml",
        "conf/team/credentials_s3/keys.yml",
        "conf/team/of/credentials.yml",
    ],
)
def test_what_lies_beside_the_code_is_neither_read_nor_recorded(
    repository: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read_code_state(repository)
    file = repository / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("a password")
    file.chmod(0)

    assert read_code_state(repository) == before
    assert read_patch(repository) == b""


def test_log_ins_are_not_recorded_although_git_knows_their_file(repository: Path) -> None:
    lab = repository / "lab [1]"  # brackets are patterns to git
    log_ins = lab / "conf/team/credentials.yml"
    log_ins.parent.mkdir(parents=True)
    log_ins.touch()
    subprocess.run(["git", "add", "."], cwd=repository, check=True)
    commit = ["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "Log-ins"]
    subprocess.run(["git", *commit], cwd=repository, check=True)
    log_ins.write_text("tracking: a password")
    log_ins.with_name("mlflow.yml").write_text("server: of the team")

    patch = read_patch(lab)

    assert b"of the team" in patch
    assert b"a password" not in patch
    log_ins.with_name("mlflow.yml").unlink()
    assert read_code_state(lab).uncommitted is None


def test_code_is_known_by_what_computes_in_whatever_commit(
    repository: Path, tmp_path: Path
) -> None:
    first = read_code_state(repository)
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    commit = ["git", *identity, "commit", "-q", "--allow-empty", "-m", "Another"]
    subprocess.run(commit, cwd=repository, check=True)
    second = read_code_state(repository)
    (repository / "conf/base/parameters.yml").write_text("epochs: 2\n")
    third = read_code_state(repository)

    assert first.commit != second.commit
    assert first.digest == second.digest != third.digest
    assert second.differences(first) == []
    difference = f"digest of src and conf/base was {first.package[:8]}, is {third.package[:8]}"
    assert difference in third.differences(second)


def test_a_patch_brings_another_clone_to_the_same_state(
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(code_state, "LARGEST_UNTRACKED", 100)
    subprocess.run(["git", "clone", "-q", repository, "clone"], cwd=tmp_path, check=True)
    clone = tmp_path / "clone"
    (repository / "src/model.py").write_bytes("größer\n".encode("latin-1"))
    (repository / "notebooks").mkdir()
    (repository / "notebooks" / "new file.bin").write_bytes(bytes(range(100)))
    index = (repository / ".git" / "index").read_bytes()

    patch = read_patch(repository)

    subprocess.run(["git", "apply"], cwd=clone, input=patch, check=True)
    assert read_code_state(clone) == read_code_state(repository)
    assert (repository / ".git" / "index").read_bytes() == index
    (repository / "src/large.bin").write_bytes(bytes(101))
    assert read_patch(repository) == patch
    assert "Too large for the record of uncommitted changes: src/large.bin" in caplog.text


def test_where_nothing_is_uncommitted_there_is_no_patch(repository: Path) -> None:
    assert read_patch(repository) == b""


def test_outside_of_a_repository_there_is_no_commit_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = read_code_state(tmp_path)

    assert (state.commit, state.uncommitted) == (None, None)
    assert "Not in a git commit" in caplog.text


def test_without_a_git_program_there_is_no_commit_and_it_is_said(
    repository: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")

    state = read_code_state(repository)

    assert (state.commit, state.uncommitted) == (None, None)
    assert "There is no git program" in caplog.text


def test_differences_are_named_with_both_values() -> None:
    then = CodeState(commit="c0ffee" * 7, uncommitted=None, versions={"keras": "3.15.1"})
    now = CodeState(commit="decade" * 7, uncommitted="beef" * 16, versions={"keras": "3.16.0"})

    assert now.differences(now) == []
    assert now.differences(then) == [
        "commit was c0ffeec0, is decadede",
        "uncommitted changes was none, is beefbeef",
        "keras was 3.15.1, is 3.16.0",
    ]
