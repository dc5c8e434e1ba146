"""How seldom Python looks for garbage: TensorFlow and MLflow are a million objects, all in use."""

import atexit
import gc


def tune_gc() -> None:
    """Let garbage in cycles wait longer, and what is left at the exit be.

    With Python's defaults, a fifth of a short run is spent looking through what is in use.
    """
    gc.set_threshold(100_000, 20, 100)
    atexit.register(gc.freeze)  # which leaves the interpreter's last look nothing to look through
