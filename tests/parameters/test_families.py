from typing import get_args

from autoencoder_lab.parameters import ModelParams, TrainingParams
from autoencoder_lab.parameters.families import (
    OF_FAMILY,
    OF_STRATEGY,
    capabilities,
    strategy_of,
)


def kinds(union: object, key: str) -> set[str]:
    members, _ = get_args(union)
    return {get_args(params.model_fields[key].annotation)[0] for params in get_args(members)}


def test_each_family_and_each_strategy_has_its_row() -> None:
    strategies = TrainingParams.model_fields["strategy"].annotation

    assert kinds(ModelParams.__value__, "family") == OF_FAMILY.keys()
    assert {get_args(s.model_fields["kind"].annotation)[0] for s in get_args(strategies)} == (
        OF_STRATEGY.keys()
    )


def test_a_model_can_do_what_its_family_and_its_strategy_give() -> None:
    assert capabilities("dense", "joint") == {"encoder", "decoder"}
    assert capabilities("dense", "adversarial") == {"encoder", "decoder", "prior"}
    assert capabilities("generator", "gan") == {"decoder", "prior"}
    assert capabilities("encoder", "ladder") == {"encoder", "classifier", "labels"}


def test_what_is_unknown_can_do_nothing() -> None:
    assert capabilities("dance", "joint") == capabilities(None, "joint") == frozenset()
    assert capabilities("dense", "dance") == frozenset()


def test_a_block_that_names_no_strategy_fits_all_layers_at_once() -> None:
    assert strategy_of({"epochs": 3}) == strategy_of(None) == "joint"
    assert strategy_of({"strategy": {"kind": "gan"}}) == "gan"
