"""What a check looked at, and what it found."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """What is wrong, and what to do unless the text says so.

    Attributes:
        log_command: The arguments of `kedro` that log what is on disk, where they are the remedy.
    """

    text: str
    remedy: str = ""
    log_command: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """What was looked at, in a few words, and the problems there; none where all is well."""

    name: str
    looked_at: str
    problems: tuple[Problem, ...]


def check(name: str, looked_at: str, problems: Iterable[Problem]) -> Check:
    """Return a check of the problems that were found."""
    return Check(name, looked_at, tuple(problems))
