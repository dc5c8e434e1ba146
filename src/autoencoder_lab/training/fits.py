"""A fit in one or more phases, which can be interrupted and resumed."""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import keras
import pandas as pd

from autoencoder_lab.images import seeds

from . import checkpoints
from .checkpoints import Arrays, Best, FitState, Row
from .divergence import Diverged
from .phases import Phase
from .progress import Milestone, tell

logger = logging.getLogger(__name__)


class Fit:
    """The phases of a fit, one after another; resumed where the same fit was interrupted."""

    def __init__(self, autoencoder: keras.Model, *, seed: int) -> None:
        """Take the autoencoder of which the phases fit the whole, or parts."""
        self._autoencoder = autoencoder
        self._seed = seed
        self._keeper = checkpoints.find_keeper()
        self._state = self._keeper.load() if self._keeper else None
        self._rows: list[Row] = []
        self.n_resumed = 0
        """How many epochs were over when the same fit was interrupted."""
        self._started = time.perf_counter()
        if self._state is not None:
            _assign(autoencoder.variables, self._state.weights)
            self._rows = [*self._state.history]
            self.n_resumed = len(self._rows)
            self._started -= self._state.seconds
            logger.info("Resuming the fit after epoch %d", self.n_resumed)

    @property
    def history(self) -> pd.DataFrame:
        """A row for each epoch of all phases: `epoch` from 1, the losses, and the `phase`."""
        return pd.DataFrame(self._rows)

    @property
    def seconds(self) -> float:
        """What the fit has taken, before it was interrupted included."""
        return time.perf_counter() - self._started

    def measure(self, name: str, phase: Phase) -> float:
        """Return the validation loss of a phase that is not fitted, a row of the history."""
        for row in self._rows:
            if row["phase"] == name:  # before the fit was interrupted
                return float(row["val/loss"])
        losses = phase.losses(seed=self._seed)
        self._add(name, losses)
        return losses["val/loss"]

    def run(self, phase: Phase, *, floor: Best | None = None) -> None:
        """Fit a phase in place, unless it was over when the fit was interrupted.

        Args:
            floor: What the phase begins with, where its weights are to be left unless it finds
                better ones.

        Raises:
            Diverged: The loss became infinite or NaN.
        """
        if self._state is not None and self._state.phase != phase.name:
            return
        state, self._state = self._state, None
        params, trainer = phase.params, phase.trainer()
        n_epochs = params.n_epochs(len(phase.inputs))
        n_rows = sum(row["phase"] != phase.name for row in self._rows)
        is_kept = floor is not None or params.patience is not None
        keep_best = KeepBest(trainer.players[0].weights, floor or Best(), params.patience)
        others = trainer.variables_beside(self._autoencoder)
        if state is not None:
            keep_best.best, keep_best.floor = state.best, state.floor
            _assign(others, state.others)

        def end_epoch(number: int, losses: Mapping[str, float]) -> None:
            self._add(phase.name, losses)
            whole = {key: losses[key] for key in ("train/loss", "val/loss")}
            tell(Milestone(phase.name, n_rows + number, n_rows + n_epochs, whole))
            if self._keeper and self._keeper.is_due() and math.isfinite(losses["train/loss"]):
                self._keeper.save(
                    FitState(
                        phase=phase.name,
                        n_epochs=number,
                        has_stopped=bool(trainer.stop_training),
                        seconds=self.seconds,
                        history=self._rows,
                        best=keep_best.best,
                        floor=keep_best.floor,
                        weights=[variable.numpy() for variable in self._autoencoder.variables],
                        others=[variable.numpy() for variable in others],
                    )
                )

        n_before = 0
        if state is not None:
            n_before = n_epochs if state.has_stopped else state.n_epochs
        [phase_seed] = seeds.derive(self._seed, phase.name)
        phase.fit(
            trainer,
            seed=phase_seed,
            n_before=n_before,
            n_epochs=n_epochs,
            callbacks=[
                keras.callbacks.TerminateOnNaN(),
                *([keep_best] if is_kept else []),
                _EndEpochs(end_epoch),
            ],
        )
        last = self._rows[-1]
        # That of validation is after the last step, whose weights are not left where others were
        # better.
        losses = [float(last[key]) for key in ("train/loss", *([] if is_kept else ["val/loss"]))]
        if wrong := [loss for loss in losses if not math.isfinite(loss)]:
            raise Diverged(
                f"the loss became {wrong[0]} in epoch {last['epoch']}: "
                f"try a learning_rate below {params.learning_rate:g}",
                self.history,
            )

    def _add(self, phase: str, losses: Mapping[str, float]) -> None:
        self._rows.append({"epoch": len(self._rows) + 1, **losses, "phase": phase})


def _assign(variables: Sequence[keras.Variable], values: Arrays) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


class KeepBest(keras.callbacks.Callback):  # type: ignore[misc]
    """Leaves the weights of the best epoch, and stops once `patience` epochs were no better.

    Keras' EarlyStopping forgets, as a fit begins, what it knows of the epochs before.
    """

    def __init__(
        self, weights: Sequence[keras.Variable], floor: Best, patience: int | None
    ) -> None:
        """Take the weights of which the best are kept, and what is better than nothing.

        The patience is counted from the phase's own best.
        """
        super().__init__()
        self._weights = weights
        self.floor = floor
        self.best = Best()
        self._patience = patience

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        if logs["val_loss"] < self.best.loss:
            weights = [variable.numpy() for variable in self._weights]
            self.best = Best(float(logs["val_loss"]), 0, weights)
        else:
            self.best = replace(self.best, n_worse=self.best.n_worse + 1)
        if self.best.n_worse == self._patience:
            self.model.stop_training = True

    def on_train_end(self, logs: object = None) -> None:
        best = self.best if self.best.loss < self.floor.loss else self.floor
        if best.weights:
            _assign(self._weights, best.weights)


class _EndEpochs(keras.callbacks.Callback):  # type: ignore[misc]
    """Says that an epoch is over, once all other callbacks have heard of it."""

    def __init__(self, end: Callable[[int, Mapping[str, float]], None]) -> None:
        super().__init__()
        self._end = end

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        self._end(epoch + 1, {_logged_as(name): float(loss) for name, loss in logs.items()})


def _logged_as(name: str) -> str:
    """Return the metric's key of what Keras' history calls `loss` or `val_loss`, or of a part."""
    of_validation = name.removeprefix("val_")
    return f"train/{name}" if of_validation == name else f"val/{of_validation}"
