from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem

from autoencoder_lab.hooks.atomic_writes import AtomicLocalFileSystem


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
