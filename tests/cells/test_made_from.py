from pathlib import Path

import fsspec
import pytest

from autoencoder_lab.cells import made_from
from autoencoder_lab.cells.code_state import CodeState
from autoencoder_lab.cells.made_from import MadeFrom, Origin
from autoencoder_lab.cells.stored_files import StoredFile

CODE = CodeState(commit="c0ffee00", uncommitted=None, versions={"numpy": "2.4.6"})
ORIGIN = Origin(
    parameters={"seed": 3, "stacked.model.widths": [100, 30]}, data="d1ce" * 16, code=CODE
)


@pytest.fixture
def file(tmp_path: Path) -> StoredFile:
    return StoredFile(fsspec.filesystem("file"), str(tmp_path / "cell" / "made_from.json"))


def test_what_is_written_is_read(file: StoredFile) -> None:
    written = MadeFrom(files={"model.keras": ORIGIN})

    made_from.write(file, written)

    assert made_from.read(file) == written


def test_where_there_is_none_nothing_is_known(file: StoredFile) -> None:
    assert made_from.read(file).files == {}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "is damaged"),
        (b"\xff\xfe", "is damaged"),
        (b"[]", "is damaged"),
        (b'{"version": 1}', "is damaged"),
        (b'{"version": 1, "files": {"model.keras": {"parameters": {}}}}', "is damaged"),
        (b'{"version": 1, "files": ' + 5000 * b"[", "is damaged"),
        (b'{"version": 1, "files": ' + 5000 * b"9" + b"}", "is damaged"),
        (b'{"version": 1, "files": {"\\ud800": {}}}', "is damaged"),
        (b'{"version": 2, "files": {}}', "is of version 2; allowed: 1"),
        (b'{"version": "1", "files": []}', "is of version '1'; allowed: 1"),
    ],
)
def test_what_cannot_be_read_is_named(file: StoredFile, content: bytes, problem: str) -> None:
    file.write(content)

    with pytest.raises(ValueError, match=rf"made_from\.json {problem}"):
        made_from.read(file)


def test_differences_are_named_by_key_with_both_values() -> None:
    now = Origin(
        parameters={"seed": 3, "stacked.model.widths": [50], "new": True},
        data="beef" * 16,
        code=CODE,
    )

    assert ORIGIN.differences(ORIGIN) == []
    assert ORIGIN.differences(now) == [
        "stacked.model.widths was [100, 30], is [50]",
        "data was d1ced1ce, is beefbeef",
        "new was not there, is True",
    ]
    assert "new was True, is not there" in now.differences(ORIGIN)


def test_other_code_is_no_other_origin() -> None:
    other = ORIGIN.model_copy(update={"code": CODE.model_copy(update={"commit": "decaf"})})

    assert ORIGIN.differences(other) == []
