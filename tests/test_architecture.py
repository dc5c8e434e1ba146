"""What keeps the house in order: above all, that validation of parameters does not fail open."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import get_type_hints

import pytest
import yaml
from kedro.framework.project import configure_project, pipelines
from kedro.validation.type_extractor import TypeExtractor
from pydantic import BaseModel

from autoencoder_lab.parameters import Capability, SharedParams
from autoencoder_lab.pipelines import few_labels
from autoencoder_lab.session.variants import find_variants

PROJECT = Path(__file__).parents[1]
VARIANTS = sorted(file.stem for file in (PROJECT / "conf/base/parameters").glob("*.yml"))
configure_project("autoencoder_lab")
# The stage that is off by itself, with all others.
PIPELINES = {
    **pipelines,
    "few_labels": few_labels.create_pipeline("stacked", frozenset({"encoder"})),
}
FUNCTIONS = sorted(
    {node.func for pipeline in PIPELINES.values() for node in pipeline.nodes},
    key=lambda function: function.__name__,
)
EXTRACTED = TypeExtractor(PIPELINES).extract_types_from_pipelines()
BLOCKS = [
    name
    for name, field in SharedParams.model_fields.items()
    if inspect.isclass(field.annotation) and issubclass(field.annotation, BaseModel)
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_annotations_resolve(function: Callable[..., object]) -> None:
    hints = get_type_hints(function)  # or Kedro only warns, and validates nothing

    assert set(hints) == {*inspect.signature(function).parameters, "return"}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_nodes_have_no_default_arguments(function: Callable[..., object]) -> None:
    arguments = inspect.signature(function).parameters.values()

    assert [a.name for a in arguments if a.default is not a.empty] == []


@pytest.mark.parametrize("block", [*BLOCKS, *VARIANTS])
def test_kedro_hands_every_block_of_parameters_to_nodes_as_its_model(block: str) -> None:
    assert issubclass(EXTRACTED[block], BaseModel)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_parameter_file_is_all_that_a_variant_needs(variant: str) -> None:
    file = PROJECT / "conf" / "base" / "parameters" / f"{variant}.yml"

    assert list(yaml.safe_load(file.read_text())) == [variant]
    assert PIPELINES[variant].nodes
    in_all = set(PIPELINES[variant].nodes) <= set(PIPELINES["__default__"].nodes)
    assert in_all == (variant not in {"deep", "ladder"})


def test_the_smoke_environment_shortens_every_variant() -> None:
    smoke = yaml.safe_load((PROJECT / "conf" / "smoke" / "parameters.yml").read_text())

    assert {variant: smoke[variant]["training"]["epochs"] for variant in VARIANTS} == {
        variant: 2 for variant in VARIANTS
    }


def test_variants_that_can_do_the_same_differ_in_their_parameters_alone() -> None:
    capabilities = find_variants().capabilities
    functions: dict[frozenset[Capability], list[set[Callable[..., object]]]] = {}
    for variant in VARIANTS:
        of_variant = {node.func for node in PIPELINES[variant].nodes if node.namespace}
        functions.setdefault(capabilities[variant], []).append(of_variant)

    for first, *others in functions.values():
        assert all(other == first for other in others)
