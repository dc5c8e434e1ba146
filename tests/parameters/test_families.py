from typing import get_args

from autoencoder_lab.parameters import ModelParams
from autoencoder_lab.parameters.families import CAPABILITIES, capabilities


def test_each_family_has_its_row() -> None:
    union, _ = get_args(ModelParams.__value__)
    families = {get_args(params.model_fields["family"].annotation)[0] for params in get_args(union)}

    assert families == CAPABILITIES.keys()


def test_what_is_no_family_can_do_nothing() -> None:
    assert capabilities("dance") == capabilities(None) == frozenset()
