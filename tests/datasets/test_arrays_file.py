from pathlib import Path

import numpy as np
import pytest

from autoencoder_lab.datasets import ArraysDataset


@pytest.mark.parametrize("root", ["{folder}", "memory://{folder}"])
def test_saved_arrays_load_as_they_were(tmp_path: Path, root: str) -> None:
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array([1, 2], np.int64)}
    dataset = ArraysDataset(filepath=f"{root.format(folder=tmp_path)}/new/arrays.npz")

    assert not dataset.exists()
    dataset.save(arrays)

    assert dataset.exists()
    loaded = dataset.load()
    assert loaded.keys() == arrays.keys()
    assert all(np.array_equal(loaded[name], arrays[name]) for name in arrays)


def test_objects_are_not_saved(tmp_path: Path) -> None:
    dataset = ArraysDataset(filepath=str(tmp_path / "arrays.npz"))

    with pytest.raises(Exception, match="Object arrays cannot be saved"):
        dataset.save({"a": np.array([object()])})


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (tmp_path / "sprung").touch, ()

    np.savez(tmp_path / "arrays.npz", a=np.array([Trap()]))

    with pytest.raises(Exception, match="Object arrays cannot be loaded"):
        ArraysDataset(filepath=str(tmp_path / "arrays.npz")).load()

    assert not (tmp_path / "sprung").exists()
