from pathlib import Path

import pytest

from autoencoder_lab.commands.doctor import disk
from autoencoder_lab.commands.doctor.disk import check_disk


def test_a_disk_with_room_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "LEAST_FREE", 1)

    assert check_disk(tmp_path, "data").problems == ()


def test_a_disk_without_room_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(disk, "LEAST_FREE", 10**18)

    found = check_disk(tmp_path, "data")

    texts = [problem.text for problem in found.problems]
    assert any(text.startswith(f"{tmp_path / 'data'} has ") for text in texts)
    assert all("mlflow gc" in problem.remedy for problem in found.problems)
