"""What each kind of model can do; what is made and measured of a model follows from it."""

from collections.abc import Mapping
from typing import Literal

Capability = Literal["encoder", "decoder", "prior", "posterior", "classifier", "labels"]
"""What there is of a fitted model: the layers `encoder` and `decoder`, and what goes with them.

`prior`: codings can be drawn from a standard normal distribution. `posterior`: the encoder gives a
distribution for each image. `classifier`: it tells classes. `labels`: its fit uses some.
"""

OF_FAMILY: Mapping[str, frozenset[Capability]] = {
    "dense": frozenset({"encoder", "decoder"}),
    "tied": frozenset({"encoder", "decoder"}),
    "convolutional": frozenset({"encoder", "decoder"}),
    "generator": frozenset({"decoder"}),
    "encoder": frozenset({"encoder"}),
}

OF_STRATEGY: Mapping[str, frozenset[Capability]] = {
    "joint": frozenset(),
    "greedy": frozenset(),
    "variational": frozenset({"prior", "posterior"}),
    "adversarial": frozenset({"prior"}),
    "gan": frozenset({"prior"}),
    "ladder": frozenset({"classifier", "labels"}),
}


def capabilities(family: object, strategy: object) -> frozenset[Capability]:
    """Return what a model of a family can do, fitted by a strategy: nothing, if one is unknown."""
    if family not in OF_FAMILY or strategy not in OF_STRATEGY:
        return frozenset()
    return OF_FAMILY[str(family)] | OF_STRATEGY[str(strategy)]


def family_of(model: object) -> object:
    """Return the family that a block `model` names; none where it names none, or is no block."""
    return model.get("family") if isinstance(model, dict) else None


def strategy_of(training: object) -> object:
    """Return the strategy that a block `training` names; `joint` where it names none."""
    strategy = training.get("strategy") if isinstance(training, dict) else None
    return strategy.get("kind") if isinstance(strategy, dict) else "joint"
