"""Errors that users can fix, and errors in one line."""

from collections.abc import Iterable

import click
from kedro.io import DatasetError


class BadInput(click.ClickException):
    """What a user can put right: the command line shows its message alone, and exits with 1."""


def listing(title: str, problems: Iterable[str]) -> str:
    """Return problems below what they have in common, a line each."""
    return "\n".join([f"{title}:", *(f"  {problem}" for problem in problems)])


def root_cause(error: BaseException) -> BaseException:
    """Return the error of the dataset itself: Kedro wraps it once for each dataset around it."""
    while isinstance(error, DatasetError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def said_by(error: BaseException) -> str:
    """Return what an error says or, where it says nothing, what kind it is."""
    return str(error) or type(error).__name__


def reason(error: BaseException) -> str:
    """Return the kind of an error's cause, and what it says."""
    cause = root_cause(error)
    return f"{type(cause).__name__}: {cause}"
