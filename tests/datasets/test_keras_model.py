from pathlib import Path

import numpy as np
import pytest

from autoencoder_lab.datasets import KerasModelDataset
from autoencoder_lab.models import build
from autoencoder_lab.parameters import DenseParams


@pytest.mark.parametrize("root", ["{folder}", "memory://{folder}"])
def test_a_saved_model_loads_with_equal_outputs(tmp_path: Path, root: str) -> None:
    params = DenseParams.model_validate(
        {"family": "dense", "widths": [3], "activation": "selu", "output_activation": "sigmoid"}
    )
    model = build(params, (5, 3, 1), seed=0)
    images = np.random.default_rng(0).random((8, 5, 3, 1), dtype=np.float32)
    dataset = KerasModelDataset(filepath=f"{root.format(folder=tmp_path)}/new/model.keras")

    assert not dataset.exists()
    dataset.save(model)

    assert dataset.exists()
    again = dataset.load().predict(images, verbose=0)
    np.testing.assert_array_equal(again, model.predict(images, verbose=0))
