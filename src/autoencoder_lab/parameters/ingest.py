"""How images are found, brought to one shape, and split."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from .types import Contradiction, Count, CountOrNone, Fraction, Params, Positive, Seed

SMALLEST_SIDE = 3  # pixels; the structural similarity has no smaller window

Side = Annotated[Count, Field(ge=SMALLEST_SIDE)]


def _require_colour(colour: str) -> str:
    from PIL import ImageColor  # takes its time

    try:
        ImageColor.getrgb(colour)
    except ValueError:
        raise ValueError("a colour's name in CSS, as black, or '#rrggbb'") from None
    return colour


def _require_pattern(pattern: str) -> str:
    if pattern.startswith("/") or not pattern:
        raise ValueError("a glob within the data set's folder, as '**/*.jpg' or '!test/**'")
    return pattern


class ReadingParams(Params):
    """Which files of a data set are read, and to what shape their images are brought."""

    pattern: Annotated[str, AfterValidator(_require_pattern)] | None
    label_level: CountOrNone
    height: Side | None
    width: Side | None
    channels: Literal[1, 3] | None
    fit: Literal["pad", "crop", "stretch"]
    background: Annotated[str, AfterValidator(_require_colour)]
    brightest: Positive | None = None
    """The number in the files that stands for white; None for the largest that their kind holds."""

    @model_validator(mode="after")
    def _require_both_sides(self) -> Self:
        for missing, given in (("width", "height"), ("height", "width")):
            if getattr(self, missing) is None and getattr(self, given) is not None:
                raise Contradiction(missing, None, f"a number of pixels, as {given} is one")
        return self


class IngestParams(ReadingParams):
    """How images are read and split."""

    validation_fraction: Fraction
    test_fraction: Fraction
    split_seed: Seed
