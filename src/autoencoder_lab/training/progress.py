"""Reporting the progress of a fit to listeners. Light: without Keras."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Milestone:
    """An epoch that is over, or one of several small fits.

    Attributes:
        number: From 1, over all phases of the fit.
        of: The number of its phase's last, unless the phase stops early.
        losses: `train/loss` and `val/loss`; none of small fits.
        unit: What is counted.
    """

    phase: str
    number: int
    of: int
    losses: Mapping[str, float]
    unit: str = "epoch"


Listener = Callable[[Milestone], None]

_listeners: ContextVar[Mapping[str, Listener]] = ContextVar("listeners", default={})  # noqa: B039


def listen(name: str, listener: Listener) -> None:
    """Have this thread's fits told to a listener, in the place of an earlier one of its name."""
    _listeners.set({**_listeners.get(), name: listener})


def tell(milestone: Milestone) -> None:
    """Tell the listeners of this thread."""
    for listener in _listeners.get().values():
        listener(milestone)
