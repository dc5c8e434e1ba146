"""The whole configuration: what all variants share, and a block for each variant."""

import hashlib
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, Field, JsonValue, create_model, model_validator

from .ingest import IngestParams
from .models import DenseParams, EncoderParams, GeneratorParams, ModelParams, TiedParams
from .training import (
    AdversarialParams,
    GanParams,
    GaussianNoiseParams,
    GreedyParams,
    JointParams,
    KlParams,
    LadderParams,
    MaskNoiseParams,
    TrainingParams,
    VariationalParams,
)
from .types import (
    Compilation,
    Contradiction,
    Count,
    CountOrNone,
    Counts,
    FolderName,
    Name,
    Names,
    Params,
    Positive,
    Seed,
)

FITTED_BY: Mapping[type[Params], type[Params] | UnionType] = {
    GreedyParams: DenseParams,
    VariationalParams: DenseParams,
    AdversarialParams: DenseParams | TiedParams,
    GanParams: GeneratorParams,
    LadderParams: EncoderParams,
}
"""The families that a strategy other than `joint` fits."""

HALVES: Mapping[type[Params], type[Params]] = {
    GeneratorParams: GanParams,
    EncoderParams: LadderParams,
}
"""The families that are half an autoencoder, and the one strategy that fits each."""

WITH_NOISE = VariationalParams | AdversarialParams
"""Strategies other than `joint` whose inputs can be corrupted."""

LONGEST_LOGGED = 6000
"""Letters of a parameter that MLflow keeps: it cuts longer ones off."""


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
            stddev = self.heavy_gaussian.stddev
            raise Contradiction("heavy_gaussian.stddev", stddev, "another than light_gaussian's")
        return self


class EvaluationParams(Params):
    """How the codings are mapped, and what is normal."""

    normal_class: Name | None
    """Where a class is, only its images are trained on, and the others are to be found."""
    tsne_images: Annotated[Count, Field(ge=11)]
    """How many test images are mapped: t-SNE's time grows faster than their number."""
    tsne_perplexity: Annotated[float, Field(ge=1, strict=True)]
    """About how many neighbours of each coding a map keeps near; at most a third of the images."""


class PretrainingParams(Params):
    """How classifiers are fitted on few labels, with and without a pretrained encoder."""

    label_budgets: Counts
    """How many labelled images the classifiers get, as far as there are so many."""
    draws: Annotated[Count, Field(ge=2)]
    """Of the labelled images and of all else that is random: an interval takes two."""
    steps: Count
    """Of each classifier's fit."""
    batch_size: Count
    """Labelled images in a step."""
    learning_rate: Positive
    """Of Adam, in these fits."""
    pca_components: Count
    """Of the codings by PCA that labels spread over, beside the variant's."""
    compilation: Compilation = "auto"
    """As in a variant's training."""


class FewLabelsParams(Params):
    """A small network that is fitted on labels which spread over codings: it takes minutes."""

    draws: CountOrNone
    """How many of the draws of `pretraining`, the first; 0 leaves it out."""
    labels: Count
    """How many images have one: one of `pretraining.label_budgets`."""
    rounds: Count
    """How often a network is fitted, and labels spread over its features."""
    steps: Count
    """Of each fit, in batches of 128."""
    shift: CountOrNone
    """Pixels by which images are moved meanwhile, at most: 0 where their place tells something."""


class SamplesParams(Params):
    """What is drawn from models that decode, and what judges it."""

    images: Annotated[Count, Field(ge=2)]
    """Samples of each kind, which are measured beside as many test images."""
    mixtures: Counts
    """How many normal distributions there are in those that are tried."""
    judge_epochs: Count
    """Of the classifier in whose features they are measured."""


class PromotionParams(Params):
    """When the best model of a comparison takes the champion's place."""

    metric: Literal[
        "validation/mse",
        "validation/bce",
        "validation/psnr",
        "validation/ssim",
        "validation/linear_accuracy",
    ]
    """By which the best model is chosen: of the validation images, so that the test images stay
    unseen.
    """


class SharedParams(Params):
    """What all variants share."""

    dataset: FolderName
    """The folder in `data/01_raw`."""
    seed: Seed
    """Of first weights, the order of batches, noise and label draws."""
    run_key: FolderName | None
    """A name under which processes share a parent run and go on with each other's cells; null for
    none.
    """
    ingest: IngestParams
    corruption: CorruptionParams
    evaluation: EvaluationParams
    pretraining: PretrainingParams
    few_labels: FewLabelsParams
    samples: SamplesParams
    promotion: PromotionParams
    only_by_name: Names = ()
    """Variants that a run or study of all of them leaves out."""

    @model_validator(mode="after")
    def _require_variants_by_name(self) -> Self:
        for name in self.only_by_name:
            if name not in self.variants():
                raise Contradiction("only_by_name", name, ", ".join(self.variants()))
        return self

    @model_validator(mode="after")
    def _require_labels_that_are_drawn(self) -> Self:
        few, drawn = self.few_labels, self.pretraining
        if few.draws == 1 or few.draws > drawn.draws:
            allowed = f"0, or 2 to {drawn.draws}, of pretraining.draws: an interval takes two"
            raise Contradiction("few_labels.draws", few.draws, allowed)
        if few.draws and few.labels not in drawn.label_budgets:
            allowed = f"{', '.join(map(str, drawn.label_budgets))}, as pretraining.label_budgets"
            raise Contradiction("few_labels.labels", few.labels, allowed)
        return self

    def variants(self) -> dict[str, "VariantParams"]:
        """Return the block of each variant that the configuration has."""
        return {
            name: getattr(self, name)
            for name in type(self).model_fields
            if name not in SharedParams.model_fields
        }


class VariantParams(Params):
    """One variant: what it is and how it is fitted."""

    model: ModelParams
    training: TrainingParams

    @model_validator(mode="after")
    def _require_what_goes_together(self) -> Self:
        for contradiction in self._contradictions():
            raise contradiction
        return self

    def _contradictions(self) -> Iterator[Contradiction]:
        model, training = self.model, self.training
        if training.loss == "binary_crossentropy":
            yield from self._contradictions_of_crossentropy()
        if training.beta_1 is not None and training.optimizer == "sgd":
            yield Contradiction("training.beta_1", training.beta_1, "null, for the optimizer sgd")
        for family, strategy in HALVES.items():
            if isinstance(model, family) is not isinstance(training.strategy, strategy):
                [its_own] = get_args(family.model_fields["family"].annotation)
                allowed = its_own if isinstance(training.strategy, strategy) else "another"
                yield Contradiction(
                    "model.family",
                    model.family,
                    f"{allowed}, for training.strategy.kind {training.strategy.kind!r}",
                )
                return
        if not isinstance(model, GeneratorParams):
            yield from self._contradictions_of_codings(model.of_codings)
        if not isinstance(training.strategy, JointParams):
            yield from self._contradictions_of_strategy()

    def _contradictions_of_crossentropy(self) -> Iterator[Contradiction]:
        match self.model:
            case EncoderParams(family=family):
                allowed = f"mse, for the family {family}"
            case model if model.output_activation != "sigmoid":
                allowed = "mse, where model.output_activation is 'linear'"
            case _:
                return
        yield Contradiction("training.loss", self.training.loss, allowed)

    def _contradictions_of_codings(self, activation: str) -> Iterator[Contradiction]:
        training = self.training
        if isinstance(training.sparsity, KlParams) and activation != "sigmoid":
            yield Contradiction(
                "training.sparsity.kind",
                "kl",
                "l1, unless model.coding_activation is 'sigmoid', which gives activities in [0, 1]",
            )
        has_prior = isinstance(training.strategy, VariationalParams | AdversarialParams)
        if has_prior and activation != "linear":
            yield Contradiction(
                "model.coding_activation",
                activation,
                f"linear, for training.strategy.kind {training.strategy.kind!r}: codings are to be "
                "of a normal distribution",
            )

    def _contradictions_of_strategy(self) -> Iterator[Contradiction]:
        """Yield what does not go with a strategy other than `joint`."""
        training, strategy = self.training, self.training.strategy
        key, kind = "training.strategy.kind", strategy.kind
        if not isinstance(self.model, FITTED_BY[type(strategy)]):
            yield Contradiction(key, kind, f"joint, for the family {self.model.family}")
        if not isinstance(strategy, WITH_NOISE) and training.corruption.kind != "none":
            yield Contradiction(key, kind, "joint, beside training.corruption")
        if training.sparsity.kind != "none":
            yield Contradiction(key, kind, "joint, beside training.sparsity")
        if isinstance(strategy, VariationalParams) and training.loss != "binary_crossentropy":
            yield Contradiction(
                "training.loss", training.loss, f"binary_crossentropy, for {kind!r}"
            )
        if training.patience is not None and (why := strategy.why_no_epoch_is_best):
            yield Contradiction(
                "training.patience", training.patience, f"null, for {kind!r}: {why}"
            )


def variant_names(parameters: Mapping[str, object]) -> list[str]:
    """Return the names of the blocks that are variants: those that say what `model` it is."""
    return sorted(
        name
        for name, block in parameters.items()
        if name not in SharedParams.model_fields
        and (isinstance(block, VariantParams) or (isinstance(block, Mapping) and "model" in block))
    )


def experiment_model(parameters: Mapping[str, object]) -> type[SharedParams]:
    """Return what the whole configuration has to be: what is shared, and a block a variant."""
    blocks: dict[str, Any] = {name: (VariantParams, ...) for name in variant_names(parameters)}
    return create_model("ExperimentParams", __base__=SharedParams, **blocks)


def typed_parameters(parameters: Mapping[str, object]) -> dict[str, Any]:
    """Return the whole configuration with each value as its model has it.

    Kedro types those blocks alone that a node of the session takes: 30 would be 30.0 in one session
    and 30 in another.
    """
    return dict(experiment_model(parameters).model_validate(parameters))


def run_parameters(parameters: Mapping[str, object], variant: str) -> dict[str, JsonValue]:
    """Return what a variant's run is made with, by dotted keys that all variants share.

    Args:
        parameters: The whole configuration.
        variant: The name of one of its blocks.
    """
    values = typed_parameters(parameters)
    # What is made of the runs afterwards is not what they are made with.
    others = (*variant_names(parameters), "promotion", "only_by_name")
    made_with = values | dict(values[variant])
    return flatten({key: value for key, value in made_with.items() if key not in others})


def as_logged(value: object) -> str:
    """Return a parameter as text of no more letters than MLflow keeps.

    Of longer ones, a digest tells those apart that begin alike.
    """
    text = str(value)
    if len(text) <= LONGEST_LOGGED:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    end = f"… ({len(text)} letters, SHA-256 {digest}…)"
    return text[: LONGEST_LOGGED - len(end)] + end


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
