"""The model of a data set that is served, and the one that may replace it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from autoencoder_lab.images.arrays import Autoencoder


@dataclass(frozen=True)
class Champion:
    """The model of a data set that is served.

    Attributes:
        version: In the registry.
        run_id: Of the run that fitted it.
        cell: Its variant and seed, in words.
        load_model: Gives the fitted autoencoder.
    """

    version: str
    run_id: str
    cell: str
    load_model: Callable[[], Autoencoder]

    @property
    def name(self) -> str:
        """What the champion is called in a sentence."""
        return f"version {self.version} ({self.cell})"


class Promotion(TypedDict):
    """The best model of a comparison, and whether it becomes the champion.

    `score` is the mean over the seeds of the variant, `interval` half its 95 % interval.
    """

    metric: str
    variant: str
    seed: int
    run_id: str
    score: float
    interval: float | None
    seeds: int
    champion: str | None
    champion_version: str | None
    champion_score: float | None
    is_promoted: bool
    reason: str
