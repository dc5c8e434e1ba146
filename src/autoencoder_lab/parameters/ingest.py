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
    """A glob for which files are read, as `'**/*.jpg'` or `'!masks/**'`; null for all."""
    label_level: CountOrNone
    """Which folders name labels: 1 the first, 2 those in them; 0 for no labels."""
    height: Side | None
    """Pixels that images are brought to; null for those that they have."""
    width: Side | None
    """As `height`: both or none."""
    channels: Literal[1, 3] | None
    """1 for grey, 3 for colour; null for colour where any image has some."""
    fit: Literal["pad", "crop", "stretch"]
    """How images of other proportions are brought to the shape: by a border, by cutting, or by
    distortion.
    """
    background: Annotated[str, AfterValidator(_require_colour)]
    """The colour of borders, and below transparent pixels."""
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
    """Of the training images, where the data set has no such split of its own."""
    test_fraction: Fraction
    """Of the training images, where the data set has no such split of its own."""
    split_seed: Seed
    """Of the splits. Not the run's seed: all seeds are measured on the same images."""
