"""From a space of parameters to those of one trial."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import optuna

from autoencoder_lab.parameters import RangeParams, VariantParams
from autoencoder_lab.parameters.problems import validate

Space = Mapping[str, RangeParams | tuple[object, ...]]


def suggest(trial: optuna.Trial, block: Mapping[str, Any], space: Space) -> dict[str, Any]:
    """Return a variant's block with what a trial is to try."""
    tried = dict(deepcopy(block))
    for key, values in space.items():
        _set(tried, key, _suggest(trial, key, values))
    return tried


def as_variant(block: Mapping[str, Any]) -> VariantParams:
    """Return a block as its classes have it.

    Raises:
        WrongParameters: Values are not allowed, or not together.
    """
    return validate(block, VariantParams)


def edges(block: Mapping[str, Any], space: Space) -> Iterator[dict[str, Any]]:
    """Yield blocks with one parameter at the edge of its range, or one of its values."""
    for key, values in space.items():
        for value in (values.low, values.high) if isinstance(values, RangeParams) else values:
            changed = dict(deepcopy(block))
            _set(changed, key, deepcopy(value))
            yield changed


def _suggest(trial: optuna.Trial, key: str, values: RangeParams | tuple[object, ...]) -> Any:
    if not isinstance(values, RangeParams):
        # Optuna's choices are texts and numbers; here, they may be lists.
        return json.loads(trial.suggest_categorical(key, [json.dumps(value) for value in values]))
    if isinstance(values.low, int) and isinstance(values.high, int):
        return trial.suggest_int(key, values.low, values.high, log=values.log)
    return trial.suggest_float(key, values.low, values.high, log=values.log)


def _set(block: dict[str, Any], key: str, value: object) -> None:
    *parents, name = key.split(".")
    for parent in parents:
        block = block.setdefault(parent, {})
    block[name] = value
