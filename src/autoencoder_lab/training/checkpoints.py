"""The state of a fit after an epoch, from which it can be resumed. Without Keras."""

import io
import json
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Arrays = Sequence[npt.NDArray[Any]]

Row = Mapping[str, float | str]
"""Of a history: `epoch`, the losses, and the `phase`."""


FACTS = ("phase", "n_epochs", "has_stopped", "seconds", "history")
"""Of a state: all but arrays."""


@dataclass(frozen=True)
class Best:
    """The best epoch of a phase.

    Attributes:
        loss: On the validation images; infinite, where there was none.
        n_worse: How many epochs came after it.
        weights: Of what the phase fits, after it.
    """

    loss: float = np.inf
    n_worse: int = 0
    weights: Arrays = ()


@dataclass(frozen=True)
class FitState:
    """A fit after an epoch.

    Attributes:
        phase: The name of the phase that runs.
        n_epochs: How many of its epochs are over.
        has_stopped: Whether it has stopped before its last.
        seconds: What the fit has taken.
        history: A row for each epoch, of all phases.
        best: Of this phase, where the best is kept.
        floor: With what this phase began, where its weights are left unless better ones come.
        weights: All variables of the whole autoencoder.
        others: What else changes in the phase: its optimizers' variables.
    """

    phase: str
    n_epochs: int
    has_stopped: bool
    seconds: float
    history: Sequence[Row]
    best: Best
    floor: Best
    weights: Arrays
    others: Arrays

    def to_bytes(self) -> bytes:
        """Return the state as an `.npz` file."""
        arrays = {
            "weights": self.weights,
            "others": self.others,
            "best": self.best.weights,
            "floor": self.floor.weights,
        }
        facts = {name: getattr(self, name) for name in FACTS} | {
            "best": [self.best.loss, self.best.n_worse],
            "floor": self.floor.loss,
            "sizes": {name: len(group) for name, group in arrays.items()},
        }
        named = {f"{name} {n}": array for name in arrays for n, array in enumerate(arrays[name])}
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, facts=np.array(json.dumps(facts)), **named)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "FitState":
        """Return the state that an `.npz` file holds."""
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            facts = json.loads(str(file["facts"]))
            arrays = {
                name: [file[f"{name} {n}"] for n in range(size)]
                for name, size in facts["sizes"].items()
            }
        loss, n_worse = facts["best"]
        return cls(
            **{name: facts[name] for name in FACTS},
            best=Best(loss, n_worse, arrays["best"]),
            floor=Best(facts["floor"], 0, arrays["floor"]),
            weights=arrays["weights"],
            others=arrays["others"],
        )


class Keeper(Protocol):
    """What keeps the state of a fit."""

    def load(self) -> FitState | None:
        """Return the state in which the same fit was interrupted, or none."""

    def is_due(self) -> bool:
        """Whether a state is to be saved now: it takes its time."""

    def save(self, state: FitState) -> None:
        """Keep a state, in one piece, in the place of the one before."""


_keeper: ContextVar[Keeper | None] = ContextVar("keeper", default=None)


def keep_in(keeper: Keeper | None) -> None:
    """Let a keeper, or none, keep the states of this thread's fits from now on."""
    _keeper.set(keeper)


def find_keeper() -> Keeper | None:
    """Return what keeps the states of this thread's fits, if anything does."""
    return _keeper.get()
