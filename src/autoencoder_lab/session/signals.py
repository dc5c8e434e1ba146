"""Turning signals into exceptions, so that everything is closed in order."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def signals_raise() -> Iterator[None]:
    """Let a signal to end, or a closed terminal, unwind what runs as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what signals do
        return
    before = {
        number: signal.signal(number, _exit)
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN  # as nohup has it
    }
    for number in (signal.SIGINT, *before):
        # Or system calls of TensorFlow's threads are cut short, of which it crashed now and then.
        signal.siginterrupt(number, False)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.siginterrupt(signal.SIGINT, True)


def _exit(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
