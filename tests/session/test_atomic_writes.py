import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem

import autoencoder_lab
from autoencoder_lab.session.atomic_writes import AtomicLocalFileSystem


@pytest.fixture
def disk() -> LocalFileSystem:
    return AtomicLocalFileSystem()


def files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_file_has_its_name_only_once_it_is_whole(disk: LocalFileSystem, tmp_path: Path) -> None:
    with disk.open(str(tmp_path / "new" / "scores.csv"), "w") as file:
        file.write("first line\n")
        file.flush()
        assert not (tmp_path / "new" / "scores.csv").exists()

    assert files(tmp_path / "new") == {"scores.csv": "first line\n"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("mode", ["w", "wb"])
def test_an_interrupted_write_leaves_the_old_file(
    disk: LocalFileSystem, tmp_path: Path, error: type[BaseException], mode: str
) -> None:
    (tmp_path / "scores.csv").write_text("old")

    def write_and_stop() -> None:
        with disk.open(str(tmp_path / "scores.csv"), mode) as file:
            file.write("new" if mode == "w" else b"new")
            raise error

    with pytest.raises(error):
        write_and_stop()

    assert files(tmp_path) == {"scores.csv": "old"}


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text("old")
    # The system's own limit on the size of files, which holds for a process of its own.
    script = """
import resource, signal, sys
from autoencoder_lab.session.atomic_writes import AtomicLocalFileSystem
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
with AtomicLocalFileSystem().open(sys.argv[1], "w") as file:
    file.write("new" * 1000)
"""

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "scores.csv")],
        env={**os.environ, "PYTHONPATH": str(Path(autoencoder_lab.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "File too large" in done.stderr
    assert files(tmp_path) == {"scores.csv": "old"}


def test_what_is_written_while_an_exception_is_handled_counts(
    disk: LocalFileSystem, tmp_path: Path
) -> None:
    try:
        raise ValueError
    except ValueError:
        with disk.open(str(tmp_path / "report.txt"), "w") as file:
            file.write("what went wrong")

    assert files(tmp_path) == {"report.txt": "what went wrong"}


def test_a_file_is_put_whole(disk: LocalFileSystem, tmp_path: Path) -> None:
    (tmp_path / "made elsewhere").write_text("model")

    disk.put(str(tmp_path / "made elsewhere"), str(tmp_path / "layer" / "model.keras"))

    assert files(tmp_path / "layer") == {"model.keras": "model"}


def test_reading_and_appending_are_as_ever(disk: LocalFileSystem, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("one ")

    with disk.open(str(tmp_path / "log"), "a") as file:
        file.write("two")

    with disk.open(str(tmp_path / "log")) as file:
        assert file.read() == b"one two"


@pytest.mark.slow
def test_a_file_that_is_dropped_without_being_closed_is_not_put_in_place(
    disk: LocalFileSystem, tmp_path: Path
) -> None:
    file = disk.open(str(tmp_path / "table.csv"), "wb")
    file.write(b"half of it")

    del file
    gc.collect()

    assert list(tmp_path.iterdir()) == []
