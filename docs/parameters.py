"""Writes docs/parameters.md: each parameter, what it may be, and what it means, from the classes.

PYTHONPATH=src python docs/parameters.py > docs/parameters.md
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from autoencoder_lab.parameters import (
    RangeParams,
    SearchParams,
    SharedParams,
    StudyParams,
    VariantParams,
)

HEAD = """# Parameters

Written by `docs/parameters.py`, from `src/autoencoder_lab/parameters`. Those that all variants
share are in `conf/base/parameters.yml`, with the values that are given here; those of a variant in
`conf/base/parameters/<variant>.yml`, below its name. [The guide](guide.md#parameters) says how to
change them.
"""

SELECTORS = ("kind", "family")
"""Which kind of block it is."""

LIMITS = {
    "minimum": "{} or more",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
}

MOST = 2**31
"""Below which all whole numbers are: it is not said."""


def main() -> None:
    """Write the document to standard output."""
    with open("conf/base/parameters.yml") as file:
        values = yaml.safe_load(file)
    sections = [
        HEAD,
        "## Shared by all variants",
        *sections_of(SharedParams, "", values),
        "## Of a variant",
        *sections_of(VariantParams, "<variant>", None),
        "## Of a study",
        "In `conf/base/study.yml`; each has an option of `kedro study`.",
        *sections_of(StudyParams, "", None),
        "## Of a search",
        "In `conf/base/search.yml`.",
        *sections_of(SearchParams, "", None),
        "### A range",
        *sections_of(RangeParams, "", None),
    ]
    sys.stdout.write("\n\n".join(section.strip() for section in sections) + "\n")


def sections_of(model: type[BaseModel], key: str, values: dict[str, Any] | None) -> Iterator[str]:
    """Yield a section for a block and each block in it.

    Args:
        key: Of the block, with dots.
        values: That conf/base has for it; None where variants differ.
    """
    schema = model.model_json_schema()
    schemas = {**schema.get("$defs", {}), model.__name__: schema}
    rows, blocks = [], []
    for name, field in model.model_fields.items():
        if name in SELECTORS and len(get_args(field.annotation)) == 1:  # it is in the heading
            continue
        kinds = blocks_in(field.annotation)
        path = f"{key}.{name}" if key else name
        if kinds:
            blocks.append((path, kinds, (values or {}).get(name)))
            continue
        described = schemas[model.__name__]["properties"][name]
        meaning = " ".join(meanings(model).get(name, "").split())
        value = left_out(field) if values is None else shown(values.get(name))
        rows.append(f"| `{name}` | {allowed(described)} | {value} | {meaning} |")
    if rows:
        column = "left out" if values is None else "value"
        yield "\n".join([f"| key | allowed | {column} | meaning |", "|---|---|---|---|", *rows])
    for path, kinds, inner in blocks:
        for kind in kinds:
            name = next(iter(selector(kind)), "")
            yield f"### `{path}`" + (f": {name}" if name else "")
            yield inspect.getdoc(kind) or ""
            yield from sections_of(kind, path, inner if values is not None else None)


def blocks_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the classes of a block: several, where it is of one of several kinds."""
    annotation = getattr(annotation, "__value__", annotation)  # of an alias
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    kinds = get_args(annotation) or (annotation,)
    return [kind for kind in kinds if inspect.isclass(kind) and issubclass(kind, BaseModel)]


def selector(kind: type[BaseModel]) -> Iterator[str]:
    """Yield what `kind` or `family` is in a block of this kind."""
    for name in SELECTORS:
        if name in kind.model_fields:
            yield f"`{name}: {get_args(kind.model_fields[name].annotation)[0]}`"


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return the docstrings of a class' fields, inherited ones included."""
    found = {}
    for part in reversed(model.__mro__):
        if not issubclass(part, BaseModel) or part is BaseModel:
            continue
        [definition] = ast.parse(inspect.getsource(part)).body
        assert isinstance(definition, ast.ClassDef)
        for field, after in zip(definition.body, definition.body[1:], strict=False):
            match field, after:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                    found[name] = text
    return found


def allowed(schema: dict[str, Any]) -> str:
    """Return what a value may be, in words."""
    if "anyOf" in schema:
        return " or ".join(allowed(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    match schema.get("type"):
        case "array":
            return f"list: {allowed(schema['items'])}" if "items" in schema else "list"
        case "null":
            return "`null`"
        case "integer":
            return ", ".join(["whole number", *limits(_with_least(schema))])
        case "number":
            return ", ".join(["number", *limits(schema)])
        case "object":
            return "keys and values"
        case "boolean":
            return "`true`, `false`"
        case _:
            return "text"


def _with_least(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the limits of a whole number, the lower as one that is allowed."""
    if "exclusiveMinimum" not in schema:
        return schema
    above = schema["exclusiveMinimum"] + 1
    others = {key: value for key, value in schema.items() if key != "exclusiveMinimum"}
    return {**others, "minimum": max(above, schema.get("minimum", 0))}


def limits(schema: dict[str, Any]) -> Iterator[str]:
    """Yield how small and how large a number may be."""
    for key, text in LIMITS.items():
        if key in schema and schema[key] != MOST:
            yield text.format(f"{schema[key]:g}")


def left_out(field: FieldInfo) -> str:
    """Return what is used where a key is left out."""
    return "" if field.is_required() else shown(field.get_default(call_default_factory=True))


def shown(value: object) -> str:
    """Return a value as YAML has it."""
    text = yaml.safe_dump(value, default_flow_style=True).removesuffix("\n...\n").strip()
    return f"`{text}`"


if __name__ == "__main__":
    main()
