"""The players of a fit: each has an objective, weights and an optimizer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import keras

from .objectives import Apply, Objective

Schedule = Callable[[int, int], float]
"""A value in an epoch, from its number, from 0, and the number of epochs."""

Wrap = Callable[[Apply], Apply]
"""How a model is applied in the graph: as it is, or in halves."""


class Scheduled(NamedTuple):
    """A variable, such as a learning rate, that changes with the epochs."""

    variable: keras.Variable
    schedule: Schedule


@dataclass(frozen=True)
class Player:
    """An objective, the weights that are moved to its minimum, and an optimizer of its own.

    One optimizer for two players would count the steps of both, by which Adam corrects its means.
    """

    objective: Objective
    weights: Sequence[keras.Variable]
    optimizer: keras.optimizers.Optimizer
    scheduled: Sequence[Scheduled] = ()


@dataclass(frozen=True)
class Game:
    """A model, and the players that fit it: several where they have opposite objectives.

    Attributes:
        model: The weights of the players' that are the result.
        players: From how they apply their models.
    """

    model: keras.Sequential
    players: Callable[[Wrap], Sequence[Player]]


class FollowSchedules(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets what changes with the epochs, as one begins."""

    def __init__(self, players: Sequence[Player]) -> None:
        super().__init__()
        self._scheduled = [scheduled for player in players for scheduled in player.scheduled]

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        for variable, schedule in self._scheduled:
            variable.assign(schedule(epoch, self.params["epochs"]))
