"""Orders of images whose first n are a fair sample, and draws of a few labelled ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from . import seeds
from .arrays import Indices, Labels

SAMPLE = 60_000
"""Images of a split, its first, that are looked at by what needs them all at once."""


@dataclass(frozen=True)
class LabelDraw:
    """Which images have labels in one repetition of a comparison.

    Attributes:
        number: From 0.
        images: As many as the largest budget; the first n of them are the budget of n labels.
        seed: Of all else that is random in the repetition.
    """

    number: int
    images: Indices
    seed: int


@dataclass(frozen=True)
class LabelDraws:
    """Repeated draws of nested, stratified budgets of labels, the same for all that is compared.

    Attributes:
        budgets: Numbers of labels, increasing. None where nothing can be compared.
        draws: The repetitions.
    """

    budgets: tuple[int, ...]
    draws: tuple[LabelDraw, ...]

    def first(self, n_draws: int, *, budget: int) -> "LabelDraws":
        """Return the first draws, with one budget: never more than the largest that there is."""
        if not self.budgets:
            return LabelDraws((), ())
        budget = min(budget, self.budgets[-1])
        draws = (replace(draw, images=draw.images[:budget]) for draw in self.draws[:n_draws])
        return LabelDraws((budget,), tuple(draws))

    def empty_table(self, name: str) -> pd.Series:
        """Return a place for a number of each budget and draw: its index is `labels`, `draw`."""
        numbers = [draw.number for draw in self.draws]
        index = pd.MultiIndex.from_product([self.budgets, numbers], names=["labels", "draw"])
        return pd.Series(np.nan, index, name=name)


def stratified_order(labels: Labels, *, seed: int) -> Indices:
    """Return all indices in a random order, in whose first n each class has its share, for any n.

    Where there are no labels, the order is random.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    # How far through its class each image comes: the smallest n of these are a fair share.
    position = np.empty(len(labels))
    for label in np.unique(labels):
        of_class = order[labels[order] == label]
        position[of_class] = (np.arange(len(of_class)) + rng.random()) / len(of_class)
    return np.argsort(position, kind="stable")


def draw_budgets(labels: Labels, budgets: Sequence[int], *, n_draws: int, seed: int) -> LabelDraws:
    """Return draws of images to be labelled.

    Args:
        labels: (n,), all labelled. Budgets beyond n are n; those below the number of classes,
            with which a class would have no label, are left out.
    """
    n_classes = len(np.unique(labels))
    capped = sorted({min(budget, len(labels)) for budget in budgets})
    usable = tuple(budget for budget in capped if budget >= n_classes)
    draw_seeds = seeds.derive(seed, "label draws", 2 * n_draws)
    draws = tuple(
        LabelDraw(number, stratified_order(labels, seed=order_seed)[: capped[-1]], draw_seed)
        for number, (order_seed, draw_seed) in enumerate(
            zip(draw_seeds[::2], draw_seeds[1::2], strict=True)
        )
    )
    return LabelDraws(usable, draws)
