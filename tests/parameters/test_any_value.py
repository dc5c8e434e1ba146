"""Any value of any parameter: it is right, or one sentence names it."""

import contextlib
import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, reduce
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from autoencoder_lab.failures import BadInput
from autoencoder_lab.parameters import (
    Params,
    SharedParams,
    StudyParams,
    experiment_model,
    variant_names,
)
from autoencoder_lab.parameters.problems import WrongParameters, validate
from autoencoder_lab.session.typed_params import read_typed

from .project_parameters import project_parameters

PARAMETERS = project_parameters()
STUDY = {"run_key": "november", "datasets": ["mnist"], "variants": None, "seeds": 1, "params": None}


def keys_of(block: object, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the keys that lead to a block and to all that is in it."""
    if above:
        yield above
    if isinstance(block, dict):
        for key, inner in block.items():
            yield from keys_of(inner, (*above, key))


KEYS = list(keys_of(PARAMETERS))
LEAVES = [
    value
    for keys in KEYS
    if not isinstance(value := reduce(dict.__getitem__, keys, PARAMETERS), dict)
]

words = st.sampled_from([leaf for leaf in LEAVES if not isinstance(leaf, list)])
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | words
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=5,
)


def changed(parameters: Mapping[str, Any], keys: tuple[str, ...], value: object) -> dict[str, Any]:
    others = copy.deepcopy(dict(parameters))
    *above, last = keys
    reduce(dict.__getitem__, above, others)[last] = value
    return others


@cache
def model_of(variants: tuple[str, ...]) -> type[SharedParams]:
    return experiment_model({name: {"model": {}} for name in variants})


def problems_of(parameters: Mapping[str, object], model: type[Params]) -> Sequence[str]:
    """Return what is wrong; what is right has to survive being written, as JSON and as YAML."""
    try:
        params = validate(parameters, model)
    except WrongParameters as wrong:
        return wrong.problems
    dumped = params.model_dump(mode="json")
    assert model.model_validate(json.loads(json.dumps(dumped))) == params
    assert model.model_validate(yaml.safe_load(yaml.safe_dump(dumped))) == params
    return []


@pytest.mark.slow
@given(st.sampled_from(KEYS), values)
def test_any_value_of_any_parameter_is_right_or_named(keys: tuple[str, ...], value: object) -> None:
    parameters = changed(PARAMETERS, keys, value)

    problems = problems_of(parameters, model_of(tuple(variant_names(parameters))))

    # Of two that do not go together, either may be the one that is said to be wrong.
    assert all(keys[0] in problem for problem in problems)
    assert not problems or any(keys[-1] in problem for problem in problems)


@given(st.sampled_from(list(STUDY)), values)
def test_any_value_of_a_study_is_right_or_named(key: str, value: object) -> None:
    problems = problems_of({**STUDY, key: value}, StudyParams)

    assert all(problem.startswith(key) for problem in problems)


@pytest.mark.slow
@given(st.from_regex(r"\w[\w.-]*", fullmatch=True))
def test_a_name_is_read_as_it_is_typed(name: str) -> None:
    assert read_typed(f"dataset={name},run_key={name}") == {"dataset": name, "run_key": name}


typed_text = st.text(alphabet="ab.[]{}'\"$!&*:-~ 01e\n\0é", max_size=6)


@given(st.lists(st.tuples(typed_text, typed_text), max_size=3))
def test_whatever_is_typed_is_read_or_refused(items: list[tuple[str, str]]) -> None:
    typed = ",".join(f"{key}={value}" for key, value in items)

    with contextlib.suppress(BadInput):
        assert isinstance(read_typed(typed), dict)
