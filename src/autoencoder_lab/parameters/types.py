"""The types of parameter values."""

import re
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

# Strict, or true would be 1, and 3.0 be 3.
Positive = Annotated[float, Field(gt=0, strict=True)]

NotNegative = Annotated[float, Field(ge=0, strict=True)]

Fraction = Annotated[float, Field(gt=0, lt=1, strict=True)]

MOST = 2**31
"""TensorFlow's seeds and indices are 32-bit integers."""

Count = Annotated[int, Field(gt=0, lt=MOST, strict=True)]

CountOrNone = Annotated[int, Field(ge=0, lt=MOST, strict=True)]

Seed = Annotated[int, Field(ge=0, lt=MOST, strict=True)]


Compilation = Literal["auto", "xla", "graph"]
"""How TensorFlow runs a fit's steps: by XLA, or operation by operation; `auto`: the faster."""


class Params(BaseModel):
    """A block of parameters: unknown keys are errors, values are final."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Contradiction(ValueError):
    """A parameter that is right by itself, but not beside another."""

    def __init__(self, key: str, value: object, allowed: str) -> None:
        super().__init__(f"{key} is {value!r}; allowed: {allowed}")


def _read_numbers(value: object) -> object:
    """Return the numbers that `--params`, in which commas part parameters, has as 200-50."""
    if isinstance(value, str) and re.fullmatch(r"(\d+|inputs)(-(\d+|inputs))*", value):
        return [width if width == "inputs" else int(width) for width in value.split("-")]
    if isinstance(value, list | tuple):
        return value
    if type(value) is int:
        return [value]
    raise ValueError("whole numbers, as [200, 50] or, on the command line, 200-50")


def _or_say(allowed: str) -> WrapValidator:
    """Return what says of a union what is allowed: Pydantic would say it for each member."""

    def require(value: object, validate: ValidatorFunctionWrapHandler) -> object:
        try:
            return validate(value)
        except ValidationError:
            raise ValueError(allowed) from None

    return WrapValidator(require)


Number = Annotated[StrictInt | StrictFloat, _or_say("a number"), WithJsonSchema({"type": "number"})]

A_COUNT = f"a whole number greater than 0 and less than {MOST}"

Width = Annotated[
    Count | Literal["inputs"],
    _or_say(f"{A_COUNT}, or inputs (as many as an image has numbers)"),
]

Widths = Annotated[tuple[Width, ...], BeforeValidator(_read_numbers), Field(min_length=1)]


Epochs = Annotated[Count | Literal["auto"], _or_say(f"{A_COUNT}, or auto")]

Bool = Annotated[StrictBool, _or_say("true or false")]

AutoOrBool = Annotated[Literal["auto"] | StrictBool, _or_say("auto, true or false")]

Counts = Annotated[tuple[Count, ...], BeforeValidator(_read_numbers), Field(min_length=1)]


def _as_numbers(value: object) -> object:
    """Return a single number, as the command line can give it, as a list of one."""
    if isinstance(value, list | tuple):
        return value
    if type(value) in (int, float):
        return [value]
    raise ValueError("numbers of 0 or more, as [1000, 10, 0.1]")


Weights = Annotated[tuple[NotNegative, ...], BeforeValidator(_as_numbers), Field(min_length=1)]


def _as_text(value: object) -> object:
    """Return a name that the command line reads as a number, as 2024, as it was written."""
    return str(value) if type(value) in (int, float) else value


def _require_folder_name(name: str) -> str:
    """Keep a name from leading out of the folders that it names."""
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise ValueError("letters, digits, '_', '-' and '.', the last two not in front")
    return name


Name = Annotated[str, BeforeValidator(_as_text)]

FolderName = Annotated[str, BeforeValidator(_as_text), AfterValidator(_require_folder_name)]


def as_list(value: object) -> object:
    """Return a single value as what it stands for, a list of one."""
    if isinstance(value, str | int):
        return [value]
    if isinstance(value, list | tuple):
        return value
    raise ValueError("a list, as [a, b]")


Names = Annotated[tuple[str, ...], BeforeValidator(as_list)]
