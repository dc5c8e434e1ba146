"""Wrong parameters, each in a sentence: its key, its value, and what is allowed."""

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from autoencoder_lab.parameters import Contradiction

Model = TypeVar("Model", bound=BaseModel)

Location = Sequence[int | str]
"""The keys that lead to a parameter and, where a block is one of several kinds, its kind."""


class WrongParameters(ValueError):
    """Parameters that are not as their model says: a sentence for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def validate(parameters: Mapping[str, object], model: type[Model]) -> Model:
    """Return parameters as their model has them.

    Raises:
        WrongParameters: Some are not as it says.
    """
    try:
        return model.model_validate(parameters)
    except ValidationError as error:
        problems = error.errors()
    inner = {problem["loc"][:-1] for problem in problems if problem["loc"]}
    # A list with a wrong item is also, says Pydantic, a list that is too short.
    outer = [problem for problem in problems if problem["loc"] not in inner]
    raise WrongParameters([_describe(problem, parameters, model) for problem in outer])


def suggest(name: str, known: Collection[str]) -> str:
    """Return what follows an unknown name in an error: a likely one, and all that are allowed."""
    close = difflib.get_close_matches(name, known, n=1)
    guess = f" (did you mean {close[0]}?)" if close else ""
    return f"{guess}; allowed: {', '.join(known)}"


def _describe(
    problem: ErrorDetails, parameters: Mapping[str, object], model: type[BaseModel]
) -> str:
    location = problem["loc"]
    is_missing = problem["type"] == "missing"
    key = ".".join(_as_written(location, parameters, ends_with_missing=is_missing))
    match problem["type"]:
        case "extra_forbidden":
            *parents, name = location
            return f"{key} is unknown{suggest(str(name), _known_keys(model, parents))}"
        case "missing":
            return f"{key} is missing"
        case "union_tag_not_found":
            return f"{key}.{_discriminator(problem)} is missing"
        case "union_tag_invalid":
            tag, allowed = problem["ctx"]["tag"], problem["ctx"]["expected_tags"]
            return f"{key}.{_discriminator(problem)} is {tag!r}; allowed: {allowed}"
        case "value_error" if isinstance(problem["ctx"]["error"], Contradiction):
            contradiction = str(problem["ctx"]["error"])
            return f"{key}.{contradiction}" if key else contradiction
        case "too_short":
            n_least = problem["ctx"]["min_length"]
            return f"{key} is {problem['input']!r}; allowed: a list of {n_least} or more"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{key} is {problem['input']!r}; allowed: a block of keys and values"
        case _:
            allowed = re.sub(r"^(Input should be (a valid )?|Value error, )", "", problem["msg"])
            return f"{key} is {problem['input']!r}; allowed: {allowed}"


def _as_written(
    location: Location, parameters: Mapping[str, object], *, ends_with_missing: bool
) -> list[str]:
    """Return the keys as the user wrote them: Pydantic puts the kinds of blocks among them."""
    n_there = len(location) - ends_with_missing
    keys = []
    block: Any = parameters
    for part in location[:n_there]:
        is_kind = isinstance(block, Mapping) and part not in block
        if not is_kind:
            keys.append(str(part))
            has_parts = isinstance(block, Mapping | list)
            block = block[part] if has_parts else None
    return keys + [str(part) for part in location[n_there:]]


def _discriminator(problem: ErrorDetails) -> str:
    return str(problem["ctx"]["discriminator"]).strip("'")


def _known_keys(model: type[BaseModel], parents: Location) -> list[str]:
    block: Any = model
    for part in parents:
        block = getattr(block, "__value__", block)  # of an alias
        block = get_args(block)[0] if get_origin(block) is Annotated else block
        kinds = get_args(block)
        if not kinds:
            block = block.model_fields[part].annotation
        elif isinstance(part, int):  # of a list
            block = kinds[0]
        else:
            block = next(kind for kind in kinds if _is_kind(kind, part))
    return list(block.model_fields)


def _is_kind(block: type[BaseModel], kind: str) -> bool:
    return any(kind in get_args(field.annotation) for field in block.model_fields.values())
