from typing import Any

import pytest

from autoencoder_lab.parameters import drop_keys_of_other_kinds


@pytest.mark.parametrize(
    ("name", "merged", "left"),
    [
        ("corruption", {"kind": "none", "rate": 0.5}, {"kind": "none"}),
        (
            "corruption",
            {"kind": "gaussian", "rate": 0.5, "stddev": 0.1},
            {"kind": "gaussian", "stddev": 0.1},
        ),
        (
            "sparsity",
            {"kind": "l1", "weight": 0.1, "target": 0.1},
            {"kind": "l1", "weight": 0.1},
        ),
        ("strategy", {"kind": "joint", "inner_learning_rate": 0.05}, {"kind": "joint"}),
        # What is of no kind, or of a kind that is none, is told as it is.
        ("corruption", {"kind": "mask", "raet": 0.5}, {"kind": "mask", "raet": 0.5}),
        ("corruption", {"kind": "snow", "rate": 0.5}, {"kind": "snow", "rate": 0.5}),
        ("corruption", {"kind": ["mask"], "rate": 0.5}, {"kind": ["mask"], "rate": 0.5}),
        ("corruption", {"rate": 0.5}, {"rate": 0.5}),
        ("corruption", "mask", "mask"),
    ],
)
def test_of_a_block_what_is_of_its_kind_is_left(name: str, merged: Any, left: Any) -> None:
    parameters = {"seed": 3, "tied": {"training": {name: merged, "epochs": 2}}, "odd": None}

    drop_keys_of_other_kinds(parameters)

    assert parameters["tied"] == {"training": {name: left, "epochs": 2}}
