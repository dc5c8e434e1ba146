"""One phase of a fit: a game that is played on one set of inputs."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras

from autoencoder_lab.images.arrays import ImageSource, predicted_at_once
from autoencoder_lab.parameters import TrainingParams

from .chunks import Chunks, Labelled
from .engine import EpochTrainer, in_halves, uses_xla
from .players import FollowSchedules, Game

Inputs = ImageSource
"""(n, …): images, or codings of them."""


@dataclass(frozen=True)
class Phase:
    """A part of a fit: what is fitted, on what and how, and what has labels, where anything has."""

    name: str
    game: Game
    inputs: Inputs
    validation_inputs: Inputs
    params: TrainingParams
    labelled: Labelled | None = None
    validation_labelled: Labelled | None = None

    def trainer(self) -> EpochTrainer:
        """Return what runs the epochs of the phase."""
        model, batch_size = self.game.model, self.params.batch_size
        first_part = model.layers[0]
        use_xla = uses_xla(self.params.compilation, first_part, batch_size=batch_size)
        players = self.game.players((lambda part: part) if use_xla else in_halves)
        n_at_once = predicted_at_once(self.inputs.shape)
        trainer = EpochTrainer(model, players, batch_size=batch_size, n_at_once=n_at_once)
        trainer.compile(players[0].optimizer, jit_compile=use_xla)
        return trainer

    def fit(
        self,
        trainer: EpochTrainer,
        *,
        seed: int,
        n_before: int,
        n_epochs: int,
        callbacks: Sequence[keras.callbacks.Callback],
    ) -> keras.callbacks.History:
        """Fit in place, from the epoch after `n_before` to `n_epochs`."""
        chunks = self._chunks(self.inputs, self.params.batch_size, self.labelled)
        of_validation = self._in_order(self.validation_inputs, self.validation_labelled)
        return trainer.fit(
            chunks.epochs(seed=seed, n_before=n_before),
            steps_per_epoch=len(chunks),
            shuffle=False,  # the orders are random already
            validation_data=of_validation.in_order(seed=seed),
            validation_steps=len(of_validation),
            initial_epoch=n_before,
            epochs=n_epochs,
            callbacks=[FollowSchedules(trainer.players), *callbacks],
            verbose=0,
        )

    def losses(self, *, seed: int) -> dict[str, float]:
        """Return `train/loss` and `val/loss` as they are now."""
        trainer = self.trainer()
        return {
            f"{split}/loss": trainer.evaluate(
                chunks.in_order(seed=seed), steps=len(chunks), verbose=0, return_dict=True
            )["loss"]
            for split, chunks in (
                ("train", self._in_order(self.inputs, self.labelled)),
                ("val", self._in_order(self.validation_inputs, self.validation_labelled)),
            )
        }

    def _in_order(self, inputs: Inputs, labelled: Labelled | None) -> Chunks:
        return self._chunks(inputs, predicted_at_once(inputs.shape), labelled)

    def _chunks(self, inputs: Inputs, batch_size: int, labelled: Labelled | None) -> Chunks:
        return Chunks(inputs, batch_size, self.params.chunk_megabytes, labelled)
