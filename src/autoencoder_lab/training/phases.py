"""A part of a fit: one encoder and decoder, fitted on one set of inputs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd

from autoencoder_lab.images import seeds
from autoencoder_lab.images.arrays import ImageSource, predicted_at_once
from autoencoder_lab.parameters import TrainingParams

from .chunks import Chunks
from .divergence import Diverged
from .engine import EpochTrainer, in_halves, uses_xla
from .objectives import reconstruction
from .players import Player, SetLearningRates
from .progress import Milestone, tell

Inputs = ImageSource
"""(n, …): images, or codings of them."""

COLUMNS = ["epoch", "train/loss", "val/loss", "phase"]


@dataclass(frozen=True)
class Phase:
    """A part of a fit: what is fitted, on what and how."""

    name: str
    encoder: keras.Model
    decoder: keras.Model
    inputs: Inputs
    validation_inputs: Inputs
    params: TrainingParams

    def _trainer(self) -> EpochTrainer:
        """Return what runs the epochs."""
        model = keras.Sequential([self.encoder, self.decoder])
        batch_size = self.params.batch_size
        use_xla = uses_xla(self.params.compilation, self.encoder, batch_size=batch_size)
        encoder, decoder = (
            part if use_xla else in_halves(part) for part in (self.encoder, self.decoder)
        )
        objective = reconstruction(encoder, decoder, self.params)
        optimizer = _optimizer(self.params)
        players = [Player(objective, model.trainable_variables, optimizer)]
        trainer = EpochTrainer(model, players, batch_size=batch_size)
        trainer.compile(optimizer, jit_compile=use_xla)
        return trainer

    def fit(
        self, *, seed: int, n_epochs: int, callbacks: Sequence[keras.callbacks.Callback]
    ) -> keras.callbacks.History:
        """Fit in place."""
        chunks = self._chunks(self.inputs, self.params.batch_size)
        of_validation = self._in_order(self.validation_inputs)
        trainer = self._trainer()
        return trainer.fit(
            chunks.epochs(seed=seed),
            steps_per_epoch=len(chunks),
            shuffle=False,  # the orders are random already
            validation_data=of_validation.in_order(seed=seed),
            validation_steps=len(of_validation),
            epochs=n_epochs,
            callbacks=[SetLearningRates(trainer.players), *callbacks],
            verbose=0,
        )

    def losses(self, *, seed: int) -> list[float]:
        """Return the training and the validation loss, as they are now."""
        trainer = self._trainer()
        all_chunks = [self._in_order(inputs) for inputs in (self.inputs, self.validation_inputs)]
        return [
            trainer.evaluate(
                chunks.in_order(seed=seed), steps=len(chunks), verbose=0, return_dict=True
            )["loss"]
            for chunks in all_chunks
        ]

    def _in_order(self, inputs: Inputs) -> Chunks:
        return self._chunks(inputs, predicted_at_once(inputs.shape))

    def _chunks(self, inputs: Inputs, batch_size: int) -> Chunks:
        return Chunks(inputs, batch_size, self.params.chunk_megabytes)


def fit_phase(
    phase: Phase,
    before: pd.DataFrame,
    *,
    seed: int,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> pd.DataFrame:
    """Fit a phase in place, and return its history after that of the phases before it."""
    params = phase.params
    [phase_seed] = seeds.derive(seed, phase.name)
    n_epochs = params.n_epochs(len(phase.inputs))
    tell_listeners = _TellListeners(phase.name, n_before=len(before), n_epochs=n_epochs)
    fitted = phase.fit(
        seed=phase_seed,
        n_epochs=n_epochs,
        callbacks=[*_callbacks(params), *callbacks, tell_listeners],
    )
    losses = pd.DataFrame(
        {
            "epoch": np.arange(len(before) + 1, len(before) + 1 + len(fitted.epoch)),
            **{_logged_as(name): by_epoch for name, by_epoch in fitted.history.items()},
            "phase": phase.name,
        }
    )
    history = pd.concat([before, losses], ignore_index=True) if len(before) else losses
    last = history.iloc[-1]
    if not math.isfinite(last["train/loss"]):
        raise Diverged(
            f"the loss became {last['train/loss']} in epoch {last['epoch']}: "
            f"try a learning_rate below {params.learning_rate:g}",
            history,
        )
    return history


def _logged_as(name: str) -> str:
    """Return the metric's key of what Keras' history calls `loss` or `val_loss`, or of a part."""
    of_validation = name.removeprefix("val_")
    return f"train/{name}" if of_validation == name else f"val/{of_validation}"


def _optimizer(params: TrainingParams) -> keras.optimizers.Optimizer:
    optimizers = {
        "sgd": keras.optimizers.SGD,
        "adam": keras.optimizers.Adam,
        "nadam": keras.optimizers.Nadam,
    }
    return optimizers[params.optimizer](params.learning_rate)


def _callbacks(params: TrainingParams) -> list[keras.callbacks.Callback]:
    callbacks: list[keras.callbacks.Callback] = [keras.callbacks.TerminateOnNaN()]
    if params.patience is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping(
                "val_loss", patience=params.patience, restore_best_weights=True
            )
        )
    return callbacks


class _TellListeners(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells each epoch of a phase to whoever listens."""

    def __init__(self, phase: str, *, n_before: int, n_epochs: int) -> None:
        super().__init__()
        self._phase, self._n_before, self._n_epochs = phase, n_before, n_epochs

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        losses = {"train/loss": float(logs["loss"]), "val/loss": float(logs["val_loss"])}
        number, of = self._n_before + epoch + 1, self._n_before + self._n_epochs
        tell(Milestone(self._phase, number, of, losses))
