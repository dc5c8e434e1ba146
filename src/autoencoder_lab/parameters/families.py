"""What each family of models can do; what is made and measured of a model follows from it."""

from collections.abc import Mapping
from typing import Literal

Capability = Literal["encoder", "decoder", "prior", "classifier", "labels"]
"""What there is of a fitted model, as the layers `encoder` and `decoder`.

`prior`: codings can be drawn from a known distribution. `classifier`: it tells classes. `labels`:
its fit uses some.
"""

CAPABILITIES: Mapping[str, frozenset[Capability]] = {
    "dense": frozenset({"encoder", "decoder"}),
    "tied": frozenset({"encoder", "decoder"}),
    "convolutional": frozenset({"encoder", "decoder"}),
}


def family_of(model: object) -> object:
    """Return the family that a block `model` names; none where it names none, or is no block."""
    return model.get("family") if isinstance(model, dict) else None


def capabilities(family: object) -> frozenset[Capability]:
    """Return what a family can do: nothing, where there is no such family."""
    return CAPABILITIES.get(str(family), frozenset())
