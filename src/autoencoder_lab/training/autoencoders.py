"""Fitting an autoencoder to reconstruct images: all layers at once, or one pair after another."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd
from keras import layers

from autoencoder_lab import seeds
from autoencoder_lab.arrays import PREDICTED_AT_ONCE, Images
from autoencoder_lab.parameters import GreedyParams, JointParams, TrainingParams
from autoencoder_lab.training.chunks import Chunks
from autoencoder_lab.training.divergence import Diverged
from autoencoder_lab.training.engine import EpochTrainer, in_halves
from autoencoder_lab.training.objectives import reconstruction
from autoencoder_lab.training.progress import Epoch, tell

Inputs = npt.NDArray[np.float32]
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
        # XLA's convolutions on a CPU take ten times as long as TensorFlow's.
        use_xla = not any(isinstance(layer, layers.Conv2D) for layer in self.encoder.layers)
        encoder, decoder = (
            part if use_xla else in_halves(part) for part in (self.encoder, self.decoder)
        )
        objective = reconstruction(encoder, decoder, self.params)
        trainer = EpochTrainer(model, objective, batch_size=self.params.batch_size)
        trainer.compile(_optimizer(self.params), jit_compile=use_xla)
        return trainer

    def fit(
        self, *, seed: int, n_epochs: int, callbacks: Sequence[keras.callbacks.Callback]
    ) -> keras.callbacks.History:
        """Fit in place."""
        params = self.params
        chunks = Chunks(self.inputs, params.batch_size, params.chunk_megabytes)
        of_validation = Chunks(self.validation_inputs, PREDICTED_AT_ONCE, params.chunk_megabytes)
        return self._trainer().fit(
            chunks.epochs(seed=seed),
            steps_per_epoch=len(chunks),
            shuffle=False,  # the orders are random already
            validation_data=of_validation.in_order(seed=seed),
            validation_steps=len(of_validation),
            epochs=n_epochs,
            callbacks=callbacks,
            verbose=0,
        )

    def losses(self, *, seed: int) -> list[float]:
        """Return the training and the validation loss, as they are now."""
        trainer = self._trainer()
        chunks = [
            Chunks(inputs, PREDICTED_AT_ONCE, self.params.chunk_megabytes)
            for inputs in (self.inputs, self.validation_inputs)
        ]
        return [
            trainer.evaluate(some.in_order(seed=seed), steps=len(some), verbose=0)
            for some in chunks
        ]


def fit(
    autoencoder: keras.Sequential,
    images: Images,
    validation_images: Images,
    params: TrainingParams,
    *,
    seed: int,
) -> pd.DataFrame:
    """Fit an autoencoder in place, and return its history: a row for each epoch.

    With `patience`, a phase stops once the validation loss has not improved for so many epochs,
    and the best epoch's weights are restored.

    Args:
        images, validation_images: (n, height, width, channels), in [0, 1].

    Raises:
        Diverged: The loss became infinite or NaN, which stops the fit at once.

    Returns:
        `epoch` from 1, over all phases; the mean of the phase's own loss: `train/loss`, measured
        while the weights changed, and `val/loss`, measured after the epoch; and the `phase`.
    """
    encoder, decoder = autoencoder.layers
    whole = Phase("joint", encoder, decoder, images, validation_images, params)
    match params.strategy:
        case JointParams():
            return _fit_phase(whole, pd.DataFrame(columns=COLUMNS), seed=seed)
        case GreedyParams():
            return _fit_greedily(whole, params.strategy, seed=seed)
        case _:
            assert_never(params.strategy)


def _fit_greedily(whole: Phase, strategy: GreedyParams, *, seed: int) -> pd.DataFrame:
    """Fit each layer of the encoder with its mirror image, on the codings of the one before.

    Source: Bengio, Lamblin, Popovici and Larochelle, "Greedy Layer-Wise Training of Deep
    Networks", NIPS 2006.
    """
    history = pd.DataFrame(columns=COLUMNS)
    inputs, validation_inputs = whole.inputs, whole.validation_inputs
    params = whole.params
    pairs = zip(_dense(whole.encoder), reversed(_dense(whole.decoder)), strict=True)
    for number, (encoding, decoding) in enumerate(pairs, start=1):
        shape = inputs.shape[1:]
        encoder = keras.Sequential([keras.Input(shape), layers.Flatten(), encoding])
        decoder = keras.Sequential(
            [keras.Input((encoding.units,)), decoding, layers.Reshape(shape)]
        )
        phase = Phase(f"layer {number}", encoder, decoder, inputs, validation_inputs, params)
        history = _fit_phase(phase, history, seed=seed)
        inputs, validation_inputs = _codings(encoder, inputs), _codings(encoder, validation_inputs)
        # Codings are of any size, unlike the intensities of pixels.
        inner = {"loss": "mse", "learning_rate": strategy.inner_learning_rate}
        params = whole.params.model_copy(update=inner)
    losses = whole.losses(seed=seed)
    stacked = pd.DataFrame([[len(history) + 1, *losses, "stacked"]], columns=COLUMNS)
    history = pd.concat([history, stacked], ignore_index=True)
    if strategy.fine_tuning_epochs:
        params = whole.params.model_copy(update={"epochs": strategy.fine_tuning_epochs})
        phase = replace(whole, name="fine-tuning", params=params)
        history = _fit_phase(phase, history, seed=seed, callbacks=[_KeepBest(losses[-1])])
    return history


def _fit_phase(
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
            "train/loss": fitted.history["loss"],
            "val/loss": fitted.history["val_loss"],
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


def _codings(encoder: keras.Model, inputs: Inputs) -> Inputs:
    starts = range(0, len(inputs), PREDICTED_AT_ONCE)
    # Not predict(), which copies all inputs into a tensor first.
    return np.concatenate(
        [encoder.predict_on_batch(inputs[start : start + PREDICTED_AT_ONCE]) for start in starts]
    )


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
        tell(Epoch(self._phase, number, of, losses))


class _KeepBest(keras.callbacks.Callback):  # type: ignore[misc]
    """Leaves the weights of the lowest validation loss, those before the fit included."""

    def __init__(self, loss_before: float) -> None:
        super().__init__()
        self._lowest = loss_before

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        self._best = self.model.get_weights()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        if logs["val_loss"] < self._lowest:
            self._lowest, self._best = logs["val_loss"], self.model.get_weights()

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        self.model.set_weights(self._best)


def _dense(model: keras.Sequential) -> list[layers.Dense]:
    return [layer for layer in model.layers if isinstance(layer, layers.Dense)]
