import hashlib
from pathlib import Path

import pytest

from autoencoder_lab.commands.doctor.data import check_data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data set of two files, with checksums."""
    folder = tmp_path / "data/01_raw/toys"
    folder.mkdir(parents=True)
    sums = []
    for name, content in (("a.bin", b"first"), ("b.bin", b"second")):
        (folder / name).write_bytes(content)
        sums.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
    (folder / "SHA256SUMS").write_text("".join(sums))
    return folder


def test_data_that_is_as_its_checksums_say_is_fine(tmp_path: Path, folder: Path) -> None:
    found = check_data(tmp_path, "data")

    assert (found.looked_at, found.problems) == ("checksums of toys", ())


def test_altered_and_missing_files_are_named_with_what_to_do(tmp_path: Path, folder: Path) -> None:
    (folder / "a.bin").write_bytes(b"altered")
    (folder / "b.bin").unlink()

    [problem] = check_data(tmp_path, "data").problems

    assert "a.bin is altered" in problem.text
    assert "b.bin is missing" in problem.text
    assert "git checkout" in problem.remedy


def test_a_list_that_cannot_be_read_hides_no_other_data_set(tmp_path: Path, folder: Path) -> None:
    other = folder.parent / "another"
    other.mkdir()
    (other / "SHA256SUMS").write_text("d41d8cd98f00b204e9800998ecf8427e  a.bin\n")
    (folder / "a.bin").write_bytes(b"altered")

    found = check_data(tmp_path, "data")

    assert found.looked_at == "checksums of toys"
    [of_list, of_file] = found.problems
    assert "SHA256SUMS, line 1, is 'd41d8cd98f" in of_list.text
    assert of_list.remedy == f"Look at {other}"
    assert "a.bin is altered" in of_file.text


def test_data_that_is_not_fetched_yet_is_left_out(tmp_path: Path, folder: Path) -> None:
    for file in folder.glob("*.bin"):
        file.unlink()

    found = check_data(tmp_path, "data")

    assert (found.looked_at, found.problems) == ("checksums of no data set", ())
