"""The error of a fit whose loss is no longer a number. Light: without Keras."""

import pandas as pd


class Diverged(FloatingPointError):
    """The loss became infinite or NaN; `history` holds the epochs until then, a row each."""

    def __init__(self, message: str, history: pd.DataFrame) -> None:
        super().__init__(message)
        self.history = history
