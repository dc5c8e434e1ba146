from pathlib import Path

import keras
import numpy as np
import pytest
from kedro.io import DatasetError

from autoencoder_lab.datasets import KerasModelDataset
from autoencoder_lab.models import build
from autoencoder_lab.parameters import DenseParams

from ..hostile_models import HOSTILE, SaveHostile, save_with_bytecode


@pytest.mark.slow
@pytest.mark.parametrize("root", ["{folder}", "memory://{folder}"])
def test_a_saved_model_loads_with_equal_outputs(tmp_path: Path, root: str) -> None:
    params = DenseParams.model_validate(
        {"family": "dense", "widths": [3], "activation": "selu", "output_activation": "sigmoid"}
    )
    model = build(params, (5, 3, 1), seed=0)
    images = np.random.default_rng(0).random((8, 5, 3, 1), dtype=np.float32)
    dataset = KerasModelDataset(filepath=f"{root.format(folder=tmp_path)}/lab [old]/model.keras")

    assert not dataset.exists()
    dataset.save(model)

    assert dataset.exists()
    again = dataset.load().predict(images, verbose=0)
    np.testing.assert_array_equal(again, model.predict(images, verbose=0))


@pytest.mark.parametrize("save", HOSTILE.values(), ids=HOSTILE)
def test_a_model_that_would_run_code_is_refused(tmp_path: Path, save: SaveHostile) -> None:
    file, marker = tmp_path / "model.keras", tmp_path / "sprung"
    save(file, marker)

    with pytest.raises(DatasetError):
        KerasModelDataset(filepath=str(file)).load()

    assert not marker.exists()


def test_that_model_would_run_code_indeed(tmp_path: Path) -> None:
    file, marker = tmp_path / "model.keras", tmp_path / "sprung"
    save_with_bytecode(file, marker)

    keras.saving.load_model(file, safe_mode=False).predict(np.zeros((1, 5, 3, 1)), verbose=0)

    assert marker.exists()
