"""Optimizers, and how their learning rates change."""

import math

import keras

from autoencoder_lab.parameters import TrainingParams

from .objectives import Objective
from .players import Player, Schedule, Scheduled


def player(
    objective: Objective,
    weights: list[keras.Variable],
    params: TrainingParams,
    *,
    learning_rate: float | None = None,
) -> Player:
    """Return a player with the optimizer that the parameters name.

    Args:
        learning_rate: In the place of the parameters'.
    """
    rate = params.learning_rate if learning_rate is None else learning_rate
    optimizer = without_all_reduce(_optimizer(params, rate))
    schedule = _schedule(params, rate)
    scheduled = [Scheduled(optimizer.learning_rate, schedule)] if schedule else []
    return Player(objective, weights, optimizer, scheduled)


def without_all_reduce(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Return an optimizer that does not add up the gradients of several machines: there are none.

    TensorFlow's `all_reduce` has a gradient of its own, and each graph that has one is kept until
    the process ends: 7 MB a fit.
    """
    optimizer._all_reduce_sum_gradients = lambda gradients: gradients
    return optimizer


def _optimizer(params: TrainingParams, rate: float) -> keras.optimizers.Optimizer:
    betas = {} if params.beta_1 is None else {"beta_1": params.beta_1}
    match params.optimizer:
        case "sgd":
            return keras.optimizers.SGD(rate)
        case "adam":
            return keras.optimizers.Adam(rate, **betas)
        case "nadam":
            return keras.optimizers.Nadam(rate, **betas)


def _schedule(params: TrainingParams, rate: float) -> Schedule | None:
    """Return the learning rate by the epoch; none where it stays."""
    match params.learning_rate_schedule:
        case "constant":
            return None
        case "cosine":
            return lambda epoch, n_epochs: rate * (1 + math.cos(math.pi * epoch / n_epochs)) / 2
        case "late_linear":
            return lambda epoch, n_epochs: rate * min(1.0, 2 * (1 - epoch / n_epochs))
