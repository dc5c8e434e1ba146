"""The players of a fit: each has an objective, weights and an optimizer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras

from .objectives import Objective

Schedule = Callable[[int, int], float]
"""The learning rate of an epoch, from its number, from 0, and the number of epochs."""


@dataclass(frozen=True)
class Player:
    """An objective, the weights that are moved to its minimum, and an optimizer of its own.

    One optimizer for two players would count the steps of both, by which Adam corrects its means.

    Attributes:
        schedule: Of the learning rate; without one, it stays as the optimizer has it.
    """

    objective: Objective
    weights: Sequence[keras.Variable]
    optimizer: keras.optimizers.Optimizer
    schedule: Schedule | None = None


class SetLearningRates(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets the learning rate of each player that has a schedule, as an epoch begins."""

    def __init__(self, players: Sequence[Player]) -> None:
        super().__init__()
        self._players = players

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        for player in self._players:
            if player.schedule is not None:
                rate = player.schedule(epoch, self.params["epochs"])
                player.optimizer.learning_rate.assign(rate)
