from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import pytest
from pydantic import BaseModel, Field, model_validator

from autoencoder_lab.parameters import Count, Params, Widths, experiment_model
from autoencoder_lab.parameters.problems import WrongParameters, validate

from .project_parameters import BASE
from .project_parameters import project_parameters as parameters

VARIANTS = sorted(file.stem for file in (BASE / "parameters").glob("*.yml"))

GREEDY = {"kind": "greedy", "inner_learning_rate": 0.05, "fine_tuning_epochs": 0}
VARIATIONAL = {
    "kind": "variational",
    "beta": 1,
    "free_bits": 0,
    "warm_up_epochs": 0,
    "binarise": "auto",
}
ADVERSARIAL = {"kind": "adversarial", "reconstruction_weight": 0.1, "discriminator": [9]}
LADDER = {
    "kind": "ladder",
    "labels": 100,
    "draw": 0,
    "noise": 0.3,
    "denoising_weights": [1],
}
GAN = {
    "kind": "gan",
    "discriminator": [9],
    "discriminator_learning_rate": 0.1,
    "gradient_penalty": 1,
}
A_WIDTH = (
    "a whole number greater than 0 and less than 2147483648, or inputs (as many as an image has "
    "numbers)"
)


def find_problems(parameters: Mapping[str, object], model: type[BaseModel]) -> list[str]:
    try:
        validate(parameters, model)
    except WrongParameters as wrong:
        return list(wrong.problems)
    return []


def problems_of(parameters: Mapping[str, Any]) -> list[str]:
    return find_problems(parameters, experiment_model(parameters))


def test_the_projects_own_parameters_are_right() -> None:
    assert problems_of(parameters()) == []


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("stacked.training.epochs", -1, "greater than 0"),
        ("stacked.training.epochs", 2.5, "greater than 0 and less than 2147483648, or auto"),
        ("stacked.training.learning_rate", float("nan"), "finite number"),
        ("stacked.training.loss", "hinge", "'binary_crossentropy' or 'mse'"),
        ("corruption.light_gaussian.stddev", -0.1, "greater than or equal to 0"),
        ("corruption.mask.rate", 1, "less than 1"),
        ("ingest.validation_fraction", 0, "greater than 0"),
        ("seed", -3, "greater than or equal to 0"),
        ("dataset", "../secrets", "letters, digits"),
        ("dataset", None, "string"),
        ("run_key", "2026-11-24T02:00", "letters, digits"),
        ("run_key", "../mnist", "letters, digits"),
        ("linear.model.widths", [], "a list of 1 or more"),
        ("ladder.training.strategy.denoising_weights", [], "a list of 1 or more"),
        ("ladder.training.strategy.denoising_weights", "1-2", "numbers of 0 or more, as [1000, "),
        ("linear.model.widths", "200-", "[200, 50] or, on the command line, 200-50"),
        ("linear.model.widths", True, "[200, 50] or, on the command line, 200-50"),
    ],
)
def test_a_wrong_value_is_named_with_its_key_and_what_is_allowed(
    key: str, value: object, allowed: str
) -> None:
    [problem] = problems_of(parameters(**{key: value}))

    assert problem.startswith(f"{key} is {value!r}; allowed: ")
    assert allowed in problem


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"linear.training.loss": "binary_crossentropy"},
            "linear.training.loss is 'binary_crossentropy'; allowed: mse, where "
            "model.output_activation is 'linear'",
        ),
        (
            {"stacked.training.sparsity": {"kind": "kl", "weight": 1, "target": 0.1}},
            "stacked.training.sparsity.kind is 'kl'; allowed: l1, unless "
            "model.coding_activation is 'sigmoid', which gives activities in [0, 1]",
        ),
        (
            {"stacked.training.strategy": GREEDY, "stacked.model.family": "tied"},
            "stacked.training.strategy.kind is 'greedy'; allowed: joint, for the family tied",
        ),
        (
            {
                "stacked.training.strategy": GREEDY,
                "stacked.training.corruption": {"kind": "mask", "rate": 0.5},
            },
            "stacked.training.strategy.kind is 'greedy'; allowed: joint, beside "
            "training.corruption",
        ),
        (
            {
                "stacked.training.strategy": GREEDY,
                "stacked.training.sparsity": {"kind": "l1", "weight": 0.1},
            },
            "stacked.training.strategy.kind is 'greedy'; allowed: joint, beside training.sparsity",
        ),
        (
            {"stacked.training.strategy": VARIATIONAL},
            "stacked.model.coding_activation is 'selu'; allowed: linear, for "
            "training.strategy.kind 'variational': codings are to be of a normal distribution",
        ),
        (
            {
                "stacked.training.strategy": VARIATIONAL,
                "stacked.model.coding_activation": "linear",
                "stacked.training.loss": "mse",
            },
            "stacked.training.loss is 'mse'; allowed: binary_crossentropy, for 'variational'",
        ),
        (
            {
                "stacked.training.strategy": VARIATIONAL | {"warm_up_epochs": 2},
                "stacked.model.coding_activation": "linear",
                "stacked.training.patience": 3,
            },
            "stacked.training.patience is 3; allowed: null, for 'variational': the validation loss "
            "grows with beta",
        ),
        (
            {
                "stacked.training.strategy": ADVERSARIAL,
                "stacked.model.coding_activation": "linear",
                "stacked.training.patience": 3,
            },
            "stacked.training.patience is 3; allowed: null, for 'adversarial': the validation loss "
            "says how evenly two play, not how well",
        ),
        (
            {
                "stacked.training.strategy": ADVERSARIAL,
                "stacked.model.coding_activation": "linear",
                "stacked.training.sparsity": {"kind": "l1", "weight": 0.1},
            },
            "stacked.training.strategy.kind is 'adversarial'; allowed: joint, beside "
            "training.sparsity",
        ),
        (
            {"stacked.training.strategy": LADDER},
            "stacked.model.family is 'dense'; allowed: encoder, for training.strategy.kind "
            "'ladder'",
        ),
        (
            {"ladder.training.loss": "binary_crossentropy"},
            "ladder.training.loss is 'binary_crossentropy'; allowed: mse, for the family encoder",
        ),
        (
            {"ladder.training.patience": 2},
            "ladder.training.patience is 2; allowed: null, for 'ladder': the validation loss is of "
            "noisy images, and mostly of how well they are denoised",
        ),
        (
            {"only_by_name": ["lader"]},
            f"only_by_name is 'lader'; allowed: {', '.join(VARIANTS)}",
        ),
        (
            {"few_labels.draws": 6},
            "few_labels.draws is 6; allowed: 0, or 2 to 5, of pretraining.draws: an interval takes "
            "two",
        ),
        (
            {"few_labels.draws": 2, "few_labels.labels": 99},
            "few_labels.labels is 99; allowed: 100, 300, 1000, 3000, as pretraining.label_budgets",
        ),
        (
            {"stacked.training.beta_1": 0.5},
            "stacked.training.beta_1 is 0.5; allowed: null, for the optimizer sgd",
        ),
        (
            {"stacked.training.strategy": GAN},
            "stacked.model.family is 'dense'; allowed: generator, for training.strategy.kind 'gan'",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_go_together_is_named(changes: dict[str, object], problem: str) -> None:
    assert problems_of(parameters(**changes)) == [problem]


def test_two_views_of_one_name_are_refused() -> None:
    [problem] = problems_of(parameters(**{"corruption.light_gaussian.stddev": 0.5}))

    assert problem == (
        "corruption.heavy_gaussian.stddev is 0.5; allowed: another than light_gaussian's"
    )


def test_a_data_set_and_an_occasion_may_be_named_by_a_number() -> None:
    assert problems_of(parameters(dataset=2024, run_key=20261124)) == []


def test_a_width_of_0_is_named_by_its_place() -> None:
    problems = problems_of(parameters(**{"stacked.model.widths": [100, 0]}))

    assert problems == [f"stacked.model.widths.1 is 0; allowed: {A_WIDTH}"]


def test_an_unknown_key_is_an_error_that_lists_the_known_ones() -> None:
    [problem] = problems_of(parameters(**{"stacked.training.epoch": 5}))

    assert problem.startswith("stacked.training.epoch is unknown (did you mean epochs?)")
    assert "learning_rate" in problem


def test_a_missing_key_is_named() -> None:
    incomplete = dict(parameters())
    del incomplete["ingest"]

    assert problems_of(incomplete) == ["ingest is missing"]


def test_all_problems_are_found_at_once() -> None:
    problems = problems_of(
        parameters(**{"seed": -1, "stacked.training.batch_size": 0, "linear.colour": "red"})
    )

    assert [problem.split()[0] for problem in problems] == [
        "seed",
        "linear.colour",
        "stacked.training.batch_size",
    ]


class Circle(Params):
    kind: Literal["circle"]
    radius: Count
    colour: str = "red"

    @model_validator(mode="after")
    def _require_paint(self) -> Self:
        if self.colour == "unpainted":
            raise ValueError("a colour")
        return self


class Polygon(Params):
    kind: Literal["polygon"]
    sides: Widths


Shape = Annotated[Circle | Polygon, Field(discriminator="kind")]


class Drawing(Params):
    shape: Shape
    others: tuple[Shape, ...] = ()


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        ({"kind": "polygon", "sides": [3, 0]}, f"shape.sides.1 is 0; allowed: {A_WIDTH}"),
        ({"kind": "polygon", "sides": "3-0"}, f"shape.sides.1 is 0; allowed: {A_WIDTH}"),
        ({"kind": "circle"}, "shape.radius is missing"),
        (
            {"kind": "circle", "radius": 1, "color": "red"},
            "shape.color is unknown (did you mean colour?); allowed: kind, radius, colour",
        ),
        ({"radius": 1}, "shape.kind is missing"),
        ({"kind": "cube"}, "shape.kind is 'cube'; allowed: 'circle', 'polygon'"),
        (
            {"kind": "circle", "radius": 1, "colour": "unpainted"},
            "shape is {'kind': 'circle', 'radius': 1, 'colour': 'unpainted'}; allowed: a colour",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_block_of_several_kinds_keeps_the_keys_that_the_user_wrote(
    shape: object, problem: str
) -> None:
    assert find_problems({"shape": shape}, Drawing) == [problem]


def test_a_list_of_blocks_of_several_kinds_keeps_its_keys_too() -> None:
    circle = {"kind": "circle", "radius": 1}

    problems = find_problems({"shape": circle, "others": [circle, circle | {"r": 2}]}, Drawing)

    assert problems == ["others.1.r is unknown; allowed: kind, radius, colour"]
