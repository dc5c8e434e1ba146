import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from autoencoder_lab.tracking.logged.node_values import LONGEST_TEXT, MOST_ITEMS, describe_value

IMAGES = np.linspace(0, 1, 8 * 7 * 5 * 3, dtype=np.float32).reshape(8, 7, 5, 3)


def digest(value: object) -> object:
    described = describe_value(value)
    assert isinstance(described, dict)
    return described["sha256"]


def test_an_array_is_told_by_shape_type_range_and_digest() -> None:
    described = describe_value(IMAGES)

    assert described == {
        "type": "ndarray",
        "shape": [8, 7, 5, 3],
        "dtype": "float32",
        "min": 0.0,
        "max": 1.0,
        "sha256": digest(IMAGES),
    }
    assert digest(IMAGES.copy()) == digest(IMAGES)
    assert digest(np.asfortranarray(IMAGES)) == digest(IMAGES)
    assert digest(np.nextafter(IMAGES, 2)) != digest(IMAGES)


@pytest.mark.parametrize("empty", [np.zeros((0, 3)), np.array(["a"])])
def test_an_array_without_numbers_has_no_range(empty: np.ndarray) -> None:
    described = describe_value(empty)

    assert isinstance(described, dict)
    assert described.keys() == {"type", "shape", "dtype", "sha256"}


def test_a_table_is_told_by_rows_and_columns() -> None:
    table = pd.DataFrame({"labels": [100, 300], "verdict": ["helps", "harms"]})

    described = describe_value(table)

    assert isinstance(described, dict)
    assert (described["rows"], described["columns"]) == (2, ["labels", "verdict"])
    assert digest(table) == digest(table.copy()) != digest(table[::-1])


class Model:
    def __init__(self, *weights: np.ndarray) -> None:
        self._weights = list(weights)

    def get_weights(self) -> list[np.ndarray]:
        return self._weights


def test_a_model_is_told_by_its_weights() -> None:
    model = Model(np.zeros((3, 5)), np.ones(5))

    described = describe_value(model)

    assert isinstance(described, dict)
    assert (described["type"], described["weights"]) == ("Model", 20)
    assert digest(model) != digest(Model(np.zeros((3, 5)), np.zeros(5)))


@dataclass
class Draw:
    seed: int
    images: np.ndarray


@pytest.mark.parametrize(
    ("value", "described"),
    [
        (0.25, 0.25),
        (np.float32(0.25), 0.25),
        (None, None),
        ("digits", "digits"),
        ({0: "zero", "mse": np.float64(1)}, {"0": "zero", "mse": 1}),
        ([1, (2,)], [1, [2]]),
        (range(MOST_ITEMS + 1), {"type": "range", "items": MOST_ITEMS + 1}),
        (Figure(), {"type": "Figure"}),
    ],
)
def test_what_is_small_is_told_as_it_is(value: object, described: object) -> None:
    assert describe_value(value) == described


def test_parts_are_told_too_and_all_of_it_is_json() -> None:
    parts = {"draws": [Draw(3, IMAGES)], "page": "x" * (LONGEST_TEXT + 1)}

    described = describe_value(parts)

    assert json.loads(json.dumps(described)) == {
        "draws": [{"seed": 3, "images": describe_value(IMAGES)}],
        "page": {"type": "str", "sha256": digest(parts["page"])},
    }
