"""From a space of parameters to those of one trial."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import optuna

from autoencoder_lab.parameters import RangeParams, VariantParams
from autoencoder_lab.parameters.problems import WrongParameters, validate

Space = Mapping[str, RangeParams | tuple[object, ...]]
"""By parameter: all numbers of a range, or one of some values."""

OF_VARIANT = ("model.", "training.")
"""How the keys of a variant's parameters begin."""


def read_space(written: Mapping[str, Any], block: Mapping[str, Any]) -> Space:
    """Return a space as it is written in search.yml.

    Args:
        block: The variant's, which each value has to go with.

    Raises:
        WrongParameters: Keys are of no parameters, or values are not allowed.
    """
    space: dict[str, RangeParams | tuple[object, ...]] = {}
    problems: list[str] = []
    for key, values in written.items():
        if not key.startswith(OF_VARIANT) or not _is_below_blocks(block, key):
            problems.append(f"{key} is no parameter; allowed: such as training.learning_rate")
        elif isinstance(values, dict):
            try:
                space[key] = _read_range(values)
            except WrongParameters as wrong:
                problems += [f"{key}.{problem}" for problem in wrong.problems]
        elif isinstance(values, list) and len(values) > 1:
            space[key] = tuple(values)
        else:
            problems.append(
                f"{key} is {values!r}; allowed: two values or more, as [adam, nadam], or a range, "
                "as {low: 0.001, high: 0.1, log: true}"
            )
    if not written:
        problems.append("it is empty; allowed: a parameter or more")
    if problems:
        raise WrongParameters(problems)
    return space


def _read_range(written: Mapping[str, Any]) -> RangeParams:
    values = validate(written, RangeParams)
    if not values.low < values.high:
        allowed = f"more than low, which is {values.low}"
        raise WrongParameters([f"high is {values.high}; allowed: {allowed}"])
    if values.log and values.low <= 0:
        raise WrongParameters([f"low is {values.low}; allowed: more than 0, as log is true"])
    return values


def suggest(
    trial: optuna.Trial | optuna.trial.FrozenTrial, block: Mapping[str, Any], space: Space
) -> dict[str, Any]:
    """Return a variant's block with what a trial is to try, or has tried."""
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


def _suggest(
    trial: optuna.Trial | optuna.trial.FrozenTrial,
    key: str,
    values: RangeParams | tuple[object, ...],
) -> Any:
    if not isinstance(values, RangeParams):
        # Optuna's choices are texts and numbers; here, they may be lists.
        return json.loads(trial.suggest_categorical(key, [json.dumps(value) for value in values]))
    if isinstance(values.low, int) and isinstance(values.high, int):
        return trial.suggest_int(key, values.low, values.high, log=values.log)
    return trial.suggest_float(key, values.low, values.high, log=values.log)


def _is_below_blocks(block: Any, key: str) -> bool:
    """Whether a parameter of this key can be set in a block."""
    *parents, _ = key.split(".")
    for parent in parents:
        block = block.get(parent, {})
        if not isinstance(block, dict):
            return False
    return True


def _set(block: dict[str, Any], key: str, value: object) -> None:
    *parents, name = key.split(".")
    for parent in parents:
        block = block.setdefault(parent, {})
    block[name] = value
