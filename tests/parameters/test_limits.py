"""Every parameter from both sides of its limits, as its class tells them: none is forgotten."""

import importlib
import math
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pytest

from autoencoder_lab import parameters
from autoencoder_lab.parameters import Params
from autoencoder_lab.parameters.problems import WrongParameters, validate

Schema = dict[str, Any]
"""JSON Schema, in which Pydantic tells what it allows."""

NO_WORD = "no such word"
TEXT = "black"
"""A colour, a folder, a pattern: text has other rules, which test_problems.py holds."""


@dataclass(frozen=True)
class Forbidden:
    """A value, which words are said of what is allowed, and which item of the value is wrong."""

    value: Any
    allowed: Sequence[object]
    item: int | None = None


def allowed(node: Schema) -> list[Any]:
    match node:
        case {"anyOf": kinds}:
            none_first = sorted(kinds, key=lambda kind: kind != {"type": "null"})
            return list(chain.from_iterable(map(allowed, none_first)))
        case {"oneOf": [kind, *_]}:
            return allowed(kind)
        case {"properties": fields}:
            return [{name: allowed(fields[name])[0] for name in node.get("required", ())}]
        case {"const": word}:
            return [word]
        case {"enum": words}:
            return list(words)
        case {"type": "integer" | "number"}:
            return [inside for inside, _, _ in ends(node)] or [1]
        case {"type": "object"}:
            return [{}]
        case {"type": "array"}:
            return [node.get("minLength", 0) * allowed(node["items"])[:1]]
        case _:
            return {"string": [TEXT], "boolean": [True, False]}.get(node.get("type", ""), [None])


def forbidden(node: Schema) -> Iterator[Forbidden]:
    match node:
        case {"anyOf": kinds}:
            yield from chain.from_iterable(map(forbidden, kinds))
        case {"oneOf": _} | {"properties": _} | {"type": "object"}:
            yield Forbidden(TEXT, ["a block of keys and values"])
        case {"const": word}:
            yield Forbidden(NO_WORD, [word])
        case {"enum": words}:
            yield Forbidden(NO_WORD, words)
        case {"type": "integer" | "number" as kind}:
            yield from (Forbidden(outside, [limit]) for _, outside, limit in ends(node))
            yield from (Forbidden(value, []) for value in (math.inf, math.nan, NO_WORD, True))
            if kind == "integer":
                yield Forbidden(3.0, [])
        case {"type": "array"}:
            right = node.get("minLength", 0) * allowed(node["items"])[:1]
            if right:
                yield Forbidden([], ["a list of 1 or more"])
            for wrong in forbidden(node["items"]):
                yield Forbidden([*right, wrong.value], wrong.allowed, item=len(right))
            yield Forbidden({}, ["as ["])
        case {"type": "string"}:
            yield Forbidden([], ["string"])
        case {"type": "boolean"}:
            yield Forbidden(NO_WORD, ["true or false"])


def ends(node: Schema) -> Iterator[tuple[float, float, float]]:
    """Yield the last number that is allowed, the first that is not, and the limit: of each end."""
    for end, outwards in (("Minimum", -math.inf), ("Maximum", math.inf)):
        found = []
        if (limit := node.get(f"exclusive{end}")) is not None:
            found.append((beyond(node, limit, -outwards), limit, limit))
        if (limit := node.get(end.lower())) is not None:
            found.append((limit, beyond(node, limit, outwards), limit))
        if found:
            yield max(found) if end == "Minimum" else min(found)


def beyond(node: Schema, limit: float, towards: float) -> float:
    if node["type"] == "integer":
        return limit + (1 if towards > 0 else -1)
    return math.nextafter(limit, towards)


def schema_of(cls: type[Params]) -> Schema:
    """Return what a class allows, with what is defined elsewhere put in its place."""
    schema = cls.model_json_schema()
    definitions = schema.pop("$defs", {})

    def inlined(node: Any) -> Any:
        match node:
            case {"$ref": place}:
                return inlined(definitions[place.rpartition("/")[2]])
            case dict():
                return {key: inlined(value) for key, value in node.items()}
            case list():
                return [inlined(item) for item in node]
            case _:
                return node

    whole: Schema = inlined(schema)
    return whole


def classes() -> Iterator[type[Params]]:
    for module in pkgutil.iter_modules(parameters.__path__, f"{parameters.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            is_params = isinstance(value, type) and issubclass(value, Params)
            if is_params and value.__module__ == module.name:
                yield value


FIELDS = [
    pytest.param(cls, name, node, id=f"{cls.__name__}.{name}")
    for cls in classes()
    for name, node in schema_of(cls).get("properties", {}).items()
]


def problems_of(cls: type[Params], field: str, value: object) -> list[str]:
    """Return what is wrong with a field; what other fields are is right by itself."""
    [example] = allowed(schema_of(cls))
    try:
        validate({**example, field: value}, cls)
    except WrongParameters as wrong:
        return [problem for problem in wrong.problems if problem.startswith(field)]
    return []


@pytest.mark.parametrize(("cls", "field", "node"), FIELDS)
def test_what_is_just_allowed_passes(cls: type[Params], field: str, node: Schema) -> None:
    for value in allowed(node):
        if value != TEXT:
            assert not [
                problem for problem in problems_of(cls, field, value) if f"{field} is" in problem
            ]


@pytest.mark.parametrize(("cls", "field", "node"), FIELDS)
def test_what_is_just_forbidden_is_named_with_what_is_allowed(
    cls: type[Params], field: str, node: Schema
) -> None:
    values = list(forbidden(node))
    assert values

    for wrong in values:
        [problem] = problems_of(cls, field, wrong.value)

        place = field if wrong.item is None else f"{field}.{wrong.item}"
        value = wrong.value if wrong.item is None else wrong.value[wrong.item]
        said, _, instead = problem.partition("; allowed: ")
        assert said == f"{place} is {value!r}"
        assert instead
        assert [word for word in wrong.allowed if str(word) not in instead] == []
