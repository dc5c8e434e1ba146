"""Whether parameters fit the data: the shape of the images, their labels and classes."""

import math
from collections.abc import Collection, Iterator, Mapping
from typing import assert_never

from .experiment import (
    EvaluationParams,
    FewLabelsParams,
    PretrainingParams,
    PromotionParams,
    VariantParams,
)
from .models import ConvolutionalParams, DenseParams, EncoderParams, GeneratorParams, TiedParams
from .training import (
    GreedyParams,
    JointParams,
    LadderParams,
    NoNoiseParams,
    NoSparsityParams,
    TrainingParams,
    VariationalParams,
)


def find_infeasible_budgets(pretraining: PretrainingParams, n_classes: int) -> Iterator[str]:
    """Yield a sentence where no label budget has a label for each class."""
    budgets = list(pretraining.label_budgets)
    if max(budgets) < n_classes:
        yield (
            f"pretraining.label_budgets is {budgets}; allowed for data of {n_classes} classes: at "
            f"least one of {n_classes} or more"
        )


def find_infeasible_few_labels(
    few_labels: FewLabelsParams, image_shape: tuple[int, int, int], n_classes: int
) -> Iterator[str]:
    """Yield a sentence for each parameter of `few_labels` that does not go with the data."""
    if not few_labels.draws:
        return
    height, width, channels = image_shape
    if few_labels.labels < n_classes:
        yield (
            f"few_labels.labels is {few_labels.labels}; allowed for data of {n_classes} classes: "
            f"{n_classes} or more"
        )
    if few_labels.shift >= min(height, width):
        yield (
            f"few_labels.shift is {few_labels.shift}; allowed for images of "
            f"{height}x{width}x{channels}: less than {min(height, width)}"
        )


def find_infeasible_labels(
    variant: VariantParams, pretraining: PretrainingParams, n_classes: int
) -> Iterator[str]:
    """Yield a sentence for each parameter of a fit with labels that does not go with those drawn.

    Args:
        n_classes: 0 where the data have no labels, or not of two classes.
    """
    strategy = variant.training.strategy
    if not isinstance(strategy, LadderParams):
        return
    key, most = "training.strategy", max(pretraining.label_budgets)
    if not n_classes:
        yield (
            f"{key}.kind is {strategy.kind!r}; allowed for data without labels, or of one class: "
            "another"
        )
    if not n_classes <= strategy.labels <= most:
        yield (
            f"{key}.labels is {strategy.labels}; allowed: {n_classes}, one for each class, to "
            f"{most}, the largest of pretraining.label_budgets"
        )
    if strategy.draw >= pretraining.draws:
        yield (
            f"{key}.draw is {strategy.draw}; allowed: 0 to {pretraining.draws - 1}, as "
            f"pretraining.draws is {pretraining.draws}"
        )


def find_infeasible_normal_class(
    evaluation: EvaluationParams, classes: Collection[str]
) -> Iterator[str]:
    """Yield a sentence where the data have no class of the normal one's name."""
    normal = evaluation.normal_class
    if normal is not None and normal not in classes:
        yield (
            f"evaluation.normal_class is {normal!r}; allowed for this data: "
            f"{', '.join(classes) or 'null, as it has no labels'}"
        )


def find_too_few_normal_images(
    evaluation: EvaluationParams, n_images: Mapping[str, int], n_least: Mapping[str, int]
) -> Iterator[str]:
    """Yield a sentence for each split that has too few images of the class that is fitted.

    Args:
        n_images: Of this class or, where there is none, of all, by split.
        n_least: As many are needed of each split.
    """
    for split, n in n_images.items():
        if n < n_least[split]:
            yield (
                f"evaluation.normal_class is {evaluation.normal_class!r}, and the {split} images "
                f"of one class are {n}; allowed: a class of at least {n_least[split]}"
            )


def find_infeasible_promotion(promotion: PromotionParams, *, has_classes: bool) -> Iterator[str]:
    """Yield a sentence where champions are to be chosen by classes that there are not."""
    if promotion.metric == "validation/linear_accuracy" and not has_classes:
        yield (
            f"promotion.metric is {promotion.metric!r}; allowed for data without labels, or of one "
            "class: validation/mse, bce, psnr, ssim"
        )


def find_infeasible(variant: VariantParams, image_shape: tuple[int, int, int]) -> Iterator[str]:
    """Yield a sentence for each parameter that does not go with the images.

    Args:
        image_shape: (height, width, channels).
    """
    height, width, channels = image_shape
    size = f"{height}x{width}x{channels}"
    model, training = variant.model, variant.training
    strategy = training.strategy
    if isinstance(strategy, VariationalParams) and strategy.binarise is True and channels > 1:
        yield (
            f"training.strategy.binarise is True; allowed for images of {size}: auto, False (a "
            "channel that is either dark or bright is no colour)"
        )
    match model:
        case ConvolutionalParams():
            n_most = min(height, width).bit_length() - 1
            if len(model.filters) > n_most:
                yield (
                    f"model.filters is {list(model.filters)}, each of which halves the images' "
                    f"sides; allowed for images of {size}: at most {n_most} of them"
                )
        case DenseParams() | TiedParams() | EncoderParams():
            last = model.widths[-1]
            yield from _find_copies(
                f"model.widths is {list(model.widths)}, whose last is the codings' size",
                math.prod(image_shape) if last == "inputs" else last,
                image_shape,
                training,
            )
        case GeneratorParams():
            pass
        case _:
            assert_never(model)


def _find_copies(
    said: str, latent_dim: int, image_shape: tuple[int, int, int], training: TrainingParams
) -> Iterator[str]:
    """Yield a sentence, which begins with what is said, where codings could be the inputs."""
    height, width, channels = image_shape
    n_inputs = math.prod(image_shape)
    is_free = (
        isinstance(training.corruption, NoNoiseParams)
        and isinstance(training.sparsity, NoSparsityParams)
        and isinstance(training.strategy, JointParams | GreedyParams)
    )
    if latent_dim >= n_inputs and is_free:
        yield (
            f"{said}; allowed for images of {height}x{width}x{channels}: less than {n_inputs}, or "
            "the inputs could be copied (unless training.corruption or training.sparsity keeps "
            "them from it)"
        )
