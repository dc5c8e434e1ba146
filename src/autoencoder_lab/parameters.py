"""What every parameter is and may be. How a wrong one is reported: problems.py."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PositiveFloat,
    create_model,
    model_validator,
)

Fraction = Annotated[float, Field(gt=0, lt=1)]

Count = Annotated[int, Field(gt=0, lt=2**31, strict=True)]  # or true would be 1, and 3.0 be 3


Seed = Annotated[int, Field(ge=0, lt=2**31, strict=True)]


class Params(BaseModel):
    """A block of parameters: unknown keys are errors, values are final."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class IngestParams(Params):
    """How the images are split."""

    validation_fraction: Fraction
    test_fraction: Fraction
    split_seed: Seed


class GaussianNoiseParams(Params):
    """Normal noise on every pixel, clipped to the pixels' range."""

    kind: Literal["gaussian"]
    stddev: Annotated[float, Field(ge=0, le=1)]

    @property
    def view(self) -> str:
        """The name of the view, as in the metrics' keys."""
        return f"gaussian_{self.stddev:g}"


class MaskNoiseParams(Params):
    """Pixels switched off, all channels of a pixel at once."""

    kind: Literal["mask"]
    rate: Annotated[float, Field(ge=0, lt=1)]

    @property
    def view(self) -> str:
        """The name of the view, as in the metrics' keys."""
        return f"mask_{self.rate:g}"


class CorruptionParams(Params):
    """The fixed corrupted views of the test images."""

    light_gaussian: GaussianNoiseParams
    heavy_gaussian: GaussianNoiseParams
    mask: MaskNoiseParams

    @property
    def noises(self) -> tuple[GaussianNoiseParams | MaskNoiseParams, ...]:
        """What each view is corrupted with."""
        return self.light_gaussian, self.heavy_gaussian, self.mask

    @model_validator(mode="after")
    def _require_different_views(self) -> Self:
        if self.light_gaussian.view == self.heavy_gaussian.view:
            raise ValueError("light_gaussian and heavy_gaussian of different stddev")
        return self


def _read_widths(value: object) -> object:
    """Return the widths that `--params`, in which commas part parameters, has as 200-50."""
    if isinstance(value, str) and re.fullmatch(r"\d+(-\d+)*", value):
        return [int(width) for width in value.split("-")]
    if isinstance(value, list | tuple):
        return value
    if type(value) is int:
        return [value]
    raise ValueError("whole numbers, as [200, 50] or, on the command line, 200-50")


Widths = Annotated[tuple[Count, ...], BeforeValidator(_read_widths), Field(min_length=1)]


class DenseParams(Params):
    """Fully connected encoder; the decoder mirrors it."""

    family: Literal["dense"]
    widths: Widths
    activation: Literal["linear", "selu", "relu", "elu", "gelu", "tanh", "sigmoid"]
    output_activation: Literal["sigmoid", "linear"]


class TrainingParams(Params):
    """How a variant is fitted."""

    loss: Literal["binary_crossentropy", "mse"]
    optimizer: Literal["sgd", "adam", "nadam"]
    learning_rate: PositiveFloat
    epochs: Count
    batch_size: Count
    patience: Count | None


class VariantParams(Params):
    """One variant: what it is and how it is fitted."""

    model: DenseParams
    training: TrainingParams


class EvaluationParams(Params):
    """How the codings are mapped."""

    tsne_images: Annotated[Count, Field(ge=11)]
    tsne_perplexity: Annotated[float, Field(ge=1)]


class PretrainingParams(Params):
    """How classifiers are fitted on few labels, with and without a pretrained encoder."""

    labels: Count
    steps: Count
    batch_size: Count
    learning_rate: PositiveFloat


def _as_text(value: object) -> object:
    """Return a name that the command line reads as a number, as 2024, as it was written."""
    return str(value) if type(value) in (int, float) else value


def _require_folder_name(name: str) -> str:
    """Keep a name from leading out of the folders that it names."""
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise ValueError("letters, digits, '_', '-' and '.', the last two not in front")
    return name


FolderName = Annotated[str, BeforeValidator(_as_text), AfterValidator(_require_folder_name)]


class SharedParams(Params):
    """What all variants share."""

    dataset: FolderName
    seed: Seed
    run_key: FolderName | None
    ingest: IngestParams
    corruption: CorruptionParams
    evaluation: EvaluationParams
    pretraining: PretrainingParams


def variant_names(parameters: Mapping[str, object]) -> list[str]:
    """Return the names of the blocks that are variants: those that say what `model` it is."""
    return sorted(
        name
        for name, block in parameters.items()
        if isinstance(block, Mapping) and "model" in block and name not in SharedParams.model_fields
    )


def experiment_model(parameters: Mapping[str, object]) -> type[SharedParams]:
    """Return what the whole configuration has to be: what is shared, and a block a variant."""
    blocks: dict[str, Any] = {name: (VariantParams, ...) for name in variant_names(parameters)}
    return create_model("ExperimentParams", __base__=SharedParams, **blocks)


def flatten(parameters: Mapping[str, object]) -> dict[str, JsonValue]:
    """Return nested parameters by dotted keys, as `--params` takes them."""
    flat: dict[str, JsonValue] = {}
    for key, value in parameters.items():
        block: Any = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        if isinstance(block, Mapping):
            flat |= {f"{key}.{inner}": leaf for inner, leaf in flatten(block).items()}
        else:
            flat[key] = block
    return flat
