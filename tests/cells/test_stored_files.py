from pathlib import Path

import pytest
from kedro.io import MemoryDataset
from kedro_datasets.json import JSONDataset

from autoencoder_lab.cells.stored_files import StoredFile, stored_file


def file_of(filepath: str) -> StoredFile:
    file = stored_file(JSONDataset(filepath=filepath))
    assert file is not None
    return file


@pytest.mark.parametrize("root", ["{folder}", "memory://{folder}"])
def test_a_file_has_the_address_that_the_catalog_gave_it(root: str, tmp_path: Path) -> None:
    filepath = f"{root.format(folder=tmp_path)}/history.json"

    assert file_of(filepath).address == filepath


def test_what_stays_in_memory_has_no_file() -> None:
    assert stored_file(MemoryDataset()) is None


def test_a_file_that_another_process_wrote_is_seen(tmp_path: Path) -> None:
    file = file_of(f"{tmp_path}/history.json")
    assert not file.exists()

    (tmp_path / "history.json").write_text("{}")

    assert file.exists()


def test_a_file_is_written_into_a_folder_that_is_made_for_it(tmp_path: Path) -> None:
    file = file_of(f"{tmp_path}/a/b/history.json").beside("made_from.json")

    file.write(b"")
    file.write(b"{}")

    assert file.name == "made_from.json"
    assert (tmp_path / "a/b/made_from.json").read_bytes() == file.read() == b"{}"
