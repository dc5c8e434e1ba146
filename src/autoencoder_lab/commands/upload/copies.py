"""What tells a copy from its original, and where both are."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mlflow import MlflowClient
from mlflow.entities import Experiment, Run
from mlflow.tracking.context.registry import resolve_tags
from mlflow.utils.mlflow_tags import MLFLOW_USER

UPLOADED_FROM = "uploaded_from"
"""The tag of all copies, from their beginning: of what."""

UPLOADED_BY = "uploaded_by"
"""The tag of copies that are whole: by whom."""

RUN_ID = re.compile(r"\b[0-9a-f]{32}\b")

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """An experiment, and a client of the store in which it is."""

    client: MlflowClient
    experiment: Experiment

    @property
    def experiment_id(self) -> str:
        return str(self.experiment.experiment_id)


@dataclass(frozen=True)
class Links:
    """What runs, and pages of them, are called on the server.

    Attributes:
        here, there: The experiments of the originals and of the copies.
        runs: The copies by their originals; it grows.
    """

    here: str
    there: str
    runs: dict[str, str]

    def renew(self, text: str) -> str:
        """Return a text that names the copies instead of the originals."""
        pages = text.replace(
            f"#/experiments/{self.here}/runs/", f"#/experiments/{self.there}/runs/"
        )
        return RUN_ID.sub(lambda found: self.runs.get(found[0], found[0]), pages)

    def renew_all(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Return tags whose values name the copies."""
        return {key: self.renew(value) for key, value in tags.items()}


def is_whole(copy: Run) -> bool:
    """Whether a copy holds all of its original."""
    return UPLOADED_BY in copy.data.tags


def who() -> str:
    """Return the user whom the server knows; without a log-in, the one of this machine."""
    return str(resolve_tags()[MLFLOW_USER])


def in_batches(values: Sequence[T], size: int) -> Iterator[list[T]]:
    """Yield values in lists that a request may hold."""
    for start in range(0, len(values), size):
        yield list(values[start : start + size])
