"""How far apart two numbers may be that count as equal."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Tolerance:
    """What is allowed between two values of a metric.

    Attributes:
        name: In words.
        relative, absolute: By what the metric's key begins with, the longest that fits; either is
            enough.
    """

    name: str
    relative: Mapping[str, float]
    absolute: Mapping[str, float]

    def allows(self, key: str, one: float, other: float) -> bool:
        """Whether two values of a metric count as equal; NaN does not, even to NaN."""
        relative, absolute = _of(self.relative, key), _of(self.absolute, key)
        return math.isclose(one, other, rel_tol=relative, abs_tol=absolute)


def within(relative: float) -> Tolerance:
    """Return a tolerance of all metrics, relative to the larger value; 0 for none."""
    name = f"within {relative:g}" if relative else "bit for bit"
    return Tolerance(name, {"": relative}, {})


BETWEEN_PROCESSORS = Tolerance(
    "within what processors differ by",
    relative={
        "": 1e-5,
        **dict.fromkeys(("train/", "val/"), 0.02),
        **dict.fromkeys(("samples/", "samples_mixture/"), 0.2),
    },
    absolute={
        "": 1e-9,
        **dict.fromkeys(("probe/", "semi/", "validation/linear", "validation/semi"), 0.02),
        **dict.fromkeys(("pretraining/", "few_labels/", "cluster/"), 0.02),
        "pretraining/gain_interval": 0.2,
        "tsne/": 0.1,
        **dict.fromkeys(("samples/", "samples_mixture/"), 0.05),
        "samples_mixture/classes": 1,
    },
)
"""At least twice of what was measured: benchmarks/results/reproducibility.md.

Sums differ in their last digits, which a fit of layers one after the other keeps and that of two
players, or of normalised batches, does not. What is decided on few images, or by an iteration to a
rough end, as a map, differs by some images.
"""


def _of(tolerances: Mapping[str, float], key: str) -> float:
    prefixes = [prefix for prefix in tolerances if key.startswith(prefix)]
    return tolerances[max(prefixes, key=len)] if prefixes else 0
