"""`made_from.json`: what the files beside it were made from."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from .code_state import CodeState
from .stored_files import StoredFile

FILE_NAME = "made_from.json"
VERSION: Literal[1] = 1


class Record(BaseModel):
    """A part of the file: unknown keys are errors, values are final."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Origin(Record):
    """What one file was made from."""

    parameters: dict[str, JsonValue]
    """All that the nodes upstream read, the seed included, by dotted keys."""
    data: str
    """The digest of the raw images; empty where the file is not made from them."""
    code: CodeState
    sha256: str = ""
    """The digest of the file; empty until it is whole."""

    def without(self, variant: str) -> "Origin":
        """Return the origin with the parameters of a variant called as all variants' are."""
        own = {key.removeprefix(f"{variant}."): value for key, value in self.parameters.items()}
        return self.model_copy(update={"parameters": own})

    def differences(self, now: "Origin") -> list[str]:
        """Return which parameters and data are other now than then, a sentence each."""
        facts = [{**origin.parameters, "data": origin.data[:8]} for origin in (self, now)]
        then, today = facts
        return [
            f"{key} was {_shown(then, key)}, is {_shown(today, key)}"
            for key in then | today
            if key not in then or key not in today or then[key] != today[key]
        ]


class MadeFrom(Record):
    """The origins of the files in a folder, by their names."""

    version: Literal[1] = VERSION
    files: dict[str, Origin]


def find_problem(file: StoredFile, origin: Origin | None, now: Origin) -> str:
    """Return why a file that is there cannot be reused; nothing where it can.

    Args:
        origin: What it was made from, if its record says so.
        now: What it would be made from now.
    """
    if origin is None:
        return f"cannot be reused: no {FILE_NAME} says what it is made from"
    if differences := origin.differences(now):
        return f"was made from something else: {'; '.join(differences)}"
    if file.sha256() != origin.sha256:
        return "has been altered since it was made"
    return ""


def read(file: StoredFile) -> MadeFrom:
    """Return what a `made_from.json` says; nothing where there is none.

    Raises:
        ValueError: It is damaged, or of another version.
    """
    if not file.exists():
        return MadeFrom(files={})
    try:
        return MadeFrom.model_validate_json(file.read())
    except ValidationError as error:
        for problem in error.errors():
            if problem["loc"] == ("version",):
                version = f"{problem['input']!r}; allowed: {VERSION}"
                raise ValueError(f"{file.address} is of version {version}") from error
        raise ValueError(f"{file.address} is damaged") from error


def write(file: StoredFile, made_from: MadeFrom) -> None:
    """Write a `made_from.json`, in one piece."""
    file.write(made_from.model_dump_json(indent=1).encode())


def _shown(facts: dict[str, JsonValue], key: str) -> str:
    return str(facts[key]) if key in facts else "not there"
