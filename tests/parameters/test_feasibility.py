import pytest

from autoencoder_lab.parameters import (
    EvaluationParams,
    FewLabelsParams,
    PretrainingParams,
    PromotionParams,
    VariantParams,
    find_infeasible,
    find_infeasible_budgets,
    find_infeasible_few_labels,
    find_infeasible_labels,
    find_infeasible_normal_class,
    find_infeasible_promotion,
    find_too_few_normal_images,
)

TRAINING = {
    "loss": "mse",
    "optimizer": "sgd",
    "learning_rate": 1,
    "epochs": 1,
    "batch_size": 8,
}
ACTIVATIONS = {"activation": "selu", "output_activation": "sigmoid"}


def dense(widths: object, family: str = "dense", **training: object) -> VariantParams:
    model = {"family": family, "widths": widths, **ACTIVATIONS}
    return VariantParams.model_validate({"model": model, "training": TRAINING | training})


def convolutional(n_blocks: int) -> VariantParams:
    model = {
        "family": "convolutional",
        "filters": [4] * n_blocks,
        "kernel_size": 3,
        **ACTIVATIONS,
    }
    return VariantParams.model_validate({"model": model, "training": TRAINING})


@pytest.mark.parametrize(
    ("variant", "shape"),
    [
        (dense([500, 14]), (3, 5, 1)),
        (dense([44]), (3, 5, 3)),
        (convolutional(3), (8, 15, 1)),
        (dense(["inputs"], corruption={"kind": "mask", "rate": 0.5}), (3, 5, 1)),
        (dense([99], sparsity={"kind": "l1", "weight": 0.1}), (3, 5, 1)),
    ],
)
def test_what_can_be_built_and_cannot_copy_is_fine(
    variant: VariantParams, shape: tuple[int, int, int]
) -> None:
    assert list(find_infeasible(variant, shape)) == []


@pytest.mark.parametrize("family", ["dense", "tied"])
@pytest.mark.parametrize("widths", [[15], [4, 16], ["inputs"]])
def test_a_coding_that_could_hold_a_copy_is_refused(widths: list[object], family: str) -> None:
    [problem] = find_infeasible(dense(widths, family), (3, 5, 1))

    assert problem.startswith(f"model.widths is {widths}, whose last is the codings' size; allowed")
    assert "images of 3x5x1: less than 15" in problem


@pytest.mark.parametrize("shape", [(7, 15, 1), (15, 7, 3)])
def test_more_pooling_than_pixels_is_refused(shape: tuple[int, int, int]) -> None:
    [problem] = find_infeasible(convolutional(3), shape)

    assert "model.filters is [4, 4, 4]" in problem
    assert problem.endswith("at most 2 of them")


def variational(binarise: object) -> VariantParams:
    variant = dense([20, 15]).model_dump()
    variant["model"]["coding_activation"] = "linear"
    variant["training"] |= {
        "loss": "binary_crossentropy",
        "strategy": {
            "kind": "variational",
            "beta": 1,
            "free_bits": 0,
            "warm_up_epochs": 0,
            "binarise": binarise,
        },
    }
    return VariantParams.model_validate(variant)


@pytest.mark.parametrize("binarise", ["auto", False, True])
def test_grey_images_may_be_made_black_and_white(binarise: object) -> None:
    # Codings as large as the images: the prior keeps them from being copies.
    assert list(find_infeasible(variational(binarise), (3, 5, 1))) == []


def test_colours_may_not_be_made_black_and_white() -> None:
    assert list(find_infeasible(variational("auto"), (3, 5, 3))) == []
    [problem] = find_infeasible(variational(True), (3, 5, 3))
    assert problem.startswith(
        "training.strategy.binarise is True; allowed for images of 3x5x3: auto, False"
    )


@pytest.mark.parametrize(("n_classes", "is_feasible"), [(1, True), (30, True), (31, False)])
def test_one_label_budget_has_a_label_for_each_class(n_classes: int, is_feasible: bool) -> None:
    params = PretrainingParams(
        label_budgets=(30, 10), draws=2, steps=1, batch_size=1, learning_rate=1, pca_components=30
    )

    assert (list(find_infeasible_budgets(params, n_classes)) == []) == is_feasible


@pytest.mark.parametrize(
    ("draws", "labels", "shift", "problems"),
    [
        (2, 10, 4, []),
        (2, 9, 4, ["few_labels.labels is 9; allowed for data of 10 classes: 10 or more"]),
        (2, 10, 5, ["few_labels.shift is 5; allowed for images of 8x5x3: less than 5"]),
        (0, 9, 5, []),
    ],
)
def test_few_labels_have_one_of_each_class_and_images_stay_in_sight(
    draws: int, labels: int, shift: int, problems: list[str]
) -> None:
    params = FewLabelsParams(draws=draws, labels=labels, rounds=1, steps=1, shift=shift)

    assert list(find_infeasible_few_labels(params, (8, 5, 3), 10)) == problems


@pytest.mark.parametrize(
    ("n_classes", "labels", "draw", "problems"),
    [
        (10, 10, 1, []),
        (10, 30, 0, []),
        (0, 30, 0, ["kind is 'ladder'; allowed for data without labels, or of one class: another"]),
        (10, 9, 0, ["labels is 9; allowed: 10, one for each class, to 30, the largest of "]),
        (10, 31, 0, ["labels is 31; allowed: 10, one for each class, to 30, the largest of "]),
        (10, 10, 2, ["draw is 2; allowed: 0 to 1, as pretraining.draws is 2"]),
    ],
)
def test_a_fit_with_labels_takes_those_that_are_drawn(
    n_classes: int, labels: int, draw: int, problems: list[str]
) -> None:
    strategy = {
        "kind": "ladder",
        "labels": labels,
        "draw": draw,
        "noise": 0.3,
        "denoising_weights": [1],
    }
    model = {"family": "encoder", "widths": [5], "activation": "relu"}
    variant = VariantParams.model_validate(
        {"model": model, "training": TRAINING | {"strategy": strategy}}
    )
    pretraining = PretrainingParams(
        label_budgets=(30, 10), draws=2, steps=1, batch_size=1, learning_rate=1, pca_components=30
    )

    found = list(find_infeasible_labels(variant, pretraining, n_classes))

    assert len(found) == len(problems)
    for sentence, start in zip(found, problems, strict=True):
        assert sentence.startswith(f"training.strategy.{start}")


def test_data_without_labels_have_no_champion_by_labels() -> None:
    by_labels = PromotionParams(metric="validation/linear_accuracy")
    by_error = PromotionParams(metric="validation/mse")

    [problem] = find_infeasible_promotion(by_labels, has_classes=False)

    assert problem.startswith("promotion.metric is 'validation/linear_accuracy'; allowed for data")
    assert list(find_infeasible_promotion(by_labels, has_classes=True)) == []
    assert list(find_infeasible_promotion(by_error, has_classes=False)) == []


def of_normal(normal_class: str | None) -> EvaluationParams:
    return EvaluationParams(normal_class=normal_class, tsne_images=11, tsne_perplexity=1)


def test_the_normal_class_has_to_be_there() -> None:
    classes = ["cat", "dog"]

    assert not list(find_infeasible_normal_class(of_normal(None), classes))
    assert not list(find_infeasible_normal_class(of_normal("cat"), classes))
    [problem] = find_infeasible_normal_class(of_normal("cow"), classes)
    assert problem == "evaluation.normal_class is 'cow'; allowed for this data: cat, dog"


def test_the_normal_class_has_to_have_images_in_each_split() -> None:
    n_least = {"train": 6, "validation": 3}

    def problems(train: int, validation: int) -> list[str]:
        n_images = {"train": train, "validation": validation}
        return list(find_too_few_normal_images(of_normal("cat"), n_images, n_least))

    assert problems(6, 3) == []
    [problem] = problems(6, 2)
    assert (
        "is 'cat', and the validation images of one class are 2; allowed: a class of at" in problem
    )
    assert len(problems(5, 2)) == 2


def test_without_labels_no_class_is_normal() -> None:
    [problem] = find_infeasible_normal_class(of_normal("cat"), [])

    assert "allowed for this data: null, as it has no labels" in problem
