from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from autoencoder_lab.commands.apply.files import ResultFiles, whole_folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("kind", ["new", "empty", "link"])
def test_files_are_in_the_folder_once_all_are_written(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "made"
    (tmp_path / "made.partial").mkdir()
    (tmp_path / "made.partial/mine.txt").touch()
    if kind == "empty":
        folder.mkdir()
    if kind == "link":
        (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere")

    with whole_folder(folder) as partial:
        (partial / "inner").mkdir()
        (partial / "inner/file").write_text("all")

    assert names(folder) == ["inner"]
    assert (folder / "inner/file").read_text() == "all"
    assert folder.is_symlink() == (kind == "link")
    assert names(tmp_path / "made.partial") == ["mine.txt"]
    assert not [path for path in tmp_path.rglob("*.partial") if path.name.startswith(".")]


@pytest.mark.parametrize("is_there", [True, False])
def test_nothing_is_left_of_what_fails(tmp_path: Path, is_there: bool) -> None:
    folder = tmp_path / "made"
    if is_there:
        folder.mkdir()

    def write() -> None:
        with whole_folder(folder) as partial:
            (partial / "file").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()

    assert names(tmp_path) == (["made"] if is_there else [])
    assert not is_there or names(folder) == []


@pytest.mark.parametrize("name", ["/tmp/x", "../x"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    images = np.zeros((1, 3, 3, 1), np.float32)
    with (
        pytest.raises(ValueError, match="which leads out of the folder"),
        ResultFiles(tmp_path, "png", 1, (3, 3, 1)) as files,
    ):
        files.write({"image": pa.array([name])}, images)


def test_parts_become_one_table_and_one_array(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((5, 4, 3, 1), dtype=np.float32)

    with ResultFiles(tmp_path, "npz", 5, (4, 3, 1)) as files:
        for start, end in ((0, 2), (2, 5)):
            rows = [f"{place}.png" for place in range(start, end)]
            files.write({"image": pa.array(rows)}, images[start:end])

    table = pd.read_parquet(tmp_path / "images.parquet")
    assert table["image"].tolist() == [f"{place}.png" for place in range(5)]
    with np.load(tmp_path / "reconstructions.npz") as made:
        np.testing.assert_array_equal(made["images"], images)
