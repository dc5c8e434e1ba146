"""Blocks of several kinds, such as `training.corruption`, whose kind another file changes."""

from typing import Any, get_args

from pydantic import BaseModel

from .training import NoiseParams, SparsityParams, StrategyParams

UNIONS = {"corruption": NoiseParams, "sparsity": SparsityParams, "strategy": StrategyParams}


def drop_keys_of_other_kinds(parameters: dict[str, Any]) -> None:
    """Remove from all variants what belongs to another kind than a block is of.

    Configuration is merged key by key, so that `--params=tied.training.corruption.kind=none` leaves
    the `rate` of the mask that it switches off.
    """
    for variant in parameters.values():
        training = variant.get("training") if isinstance(variant, dict) else None
        for name, union in UNIONS.items():
            block = training.get(name) if isinstance(training, dict) else None
            if isinstance(block, dict):
                _keep_one_kind(block, get_args(get_args(union)[0]))


def _keep_one_kind(block: dict[str, Any], kinds: tuple[type[BaseModel], ...]) -> None:
    fields = {
        get_args(kind.model_fields["kind"].annotation)[0]: set(kind.model_fields) for kind in kinds
    }
    own = fields.get(str(block.get("kind")))
    if own is None:
        return  # which is an error
    for key in set().union(*fields.values()) - own:
        block.pop(key, None)
