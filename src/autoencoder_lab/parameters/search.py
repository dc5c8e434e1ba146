"""What a search tries of a variant's parameters."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StrictFloat, StrictInt, model_validator

from .types import Contradiction, Count, FolderName, Params

OF_VARIANT = ("model.", "training.")


class RangeParams(Params):
    """All numbers between two, which are included: whole ones where both are."""

    low: StrictInt | StrictFloat
    """The least."""
    high: StrictInt | StrictFloat
    """The largest."""
    log: bool = False
    """Whether the small ones are tried as often as the large: a tenth as often as ten."""

    @model_validator(mode="after")
    def _require_order(self) -> Self:
        if not self.low < self.high:
            raise Contradiction("high", self.high, f"more than low, which is {self.low}")
        if self.log and self.low <= 0:
            raise Contradiction("low", self.low, "more than 0, as log is true")
        return self


Choices = Annotated[tuple[object, ...], Field(min_length=2)]


def _require_parameters_of_variants(key: str) -> str:
    if not key.startswith(OF_VARIANT):
        raise ValueError("a parameter of a variant, as training.learning_rate or model.widths")
    return key


Space = Annotated[
    Mapping[Annotated[str, AfterValidator(_require_parameters_of_variants)], RangeParams | Choices],
    Field(min_length=1),
]


class SearchParams(Params):
    """What `kedro search` tries, and how often."""

    name: FolderName | None
    """By which it is gone on with; None for the variant's."""
    trials: Count
    """Fits, those that are given up early included."""
    spaces: Mapping[str, Space]
    """By variant, and by the parameter with dots: a range, or a list of values."""
