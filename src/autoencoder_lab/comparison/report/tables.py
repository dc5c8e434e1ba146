"""The leaderboard's tables, as the page shows them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
from numpy import nan

from autoencoder_lab.metrics import contract

from .findings import finding
from .numbers import decimals_of, written

OVERVIEW = (
    "test/mse",
    "test/ssim",
    "denoise/{view}/psnr_gain",
    "probe/linear_accuracy",
    "probe/knn_accuracy",
    "anomaly/auroc",
    "test/elbo",
    "samples/frechet",
    "samples/coverage",
    "samples_mixture/frechet",
    "samples_mixture/coverage",
    "pretraining/spread",
    "few_labels/accuracy",
    "semi/accuracy",
    "pretraining/gain",
    "model/latent_dim",
    "fit/seconds",
)
"""The metrics in the table at the top, by the keys in the contract; those by labels with fewest."""


REAL = "training images"
"""In the place of a variant, of whose samples they are the floor."""


@dataclass(frozen=True)
class Board:
    """The variants by one metric, best first.

    Attributes:
        key: In MLflow.
        name: With the view or number of labels that it is of, its unit, and which way is better.
        finding: Which is best, and how sure that is; empty where the metric ranks none.
        rows: A variant, its mean with interval, its number of seeds, and where it stands.
    """

    key: str
    name: str
    finding: str
    rows: Sequence[tuple[str, str, int, str]]


@dataclass(frozen=True)
class Samples:
    """What variants generate, beside what they reconstruct and what real images reach.

    Attributes:
        columns: A metric, and which way is better.
        rows: A variant, which images, and a mean with interval for each column.
    """

    columns: Sequence[str]
    rows: Sequence[tuple[str, str, Sequence[str]]]


def boards(leaderboard: pd.DataFrame) -> list[Board]:
    """Return a board for each metric and number of labels.

    Args:
        leaderboard: As `comparison.ranking.rank` returns it.
    """
    by_measure = leaderboard.set_index(["metric", "labels"])
    return [
        _board(key, labels, by_measure.loc[[(key, labels)]])
        for key, labels in by_measure.index.unique()
    ]


def overview(leaderboard: pd.DataFrame) -> list[Board]:
    """Return the boards of the metrics in `OVERVIEW`, in its order, with all variants."""
    fewest = leaderboard.groupby("metric")["labels"].transform("min")
    by_key = {board.key: board for board in boards(leaderboard[leaderboard["labels"] == fewest])}
    return [
        board
        for pattern in OVERVIEW
        for key, board in by_key.items()
        if contract.find(key).key == pattern
    ]


def variants_in(shown: Sequence[Board]) -> dict[str, int]:
    """Return the variants of boards, each with its seeds, in the order of the first it is in."""
    seeds: dict[str, int] = {}
    for board in shown:
        for variant, _, n_seeds, _ in board.rows:
            seeds.setdefault(variant, n_seeds)
    return seeds


def samples(leaderboard: pd.DataFrame) -> Samples:
    """Return the metrics of samples, real images first; without rows where no variant decodes."""
    keys = leaderboard["metric"].str.partition("/")
    found = leaderboard.assign(source=keys[0], measure=keys[2])
    found = found[found["source"].isin(contract.SAMPLED)]
    # Real images are the same for all variants.
    found = found.assign(variant=found["variant"].where(found["source"] != "samples_real", REAL))
    texts = {
        (variant, source, measure): written(
            mean, nan if variant == REAL else interval, decimals_of(of_measure["mean"])
        )
        for measure, of_measure in found.groupby("measure")
        for variant, source, mean, interval in zip(
            *(of_measure[name] for name in ("variant", "source", "mean", "interval")), strict=True
        )
    }
    columns = {
        prefix + key: f"{name} {contract.ARROWS[better]}".strip()
        for prefix in ("", "pixels_")
        for key, name, _, better in (*contract.SAMPLES, *contract.SAMPLES_OF_CLASSES)
        if prefix + key in set(found["measure"])
    }
    rows = [
        (variant, words, [texts.get((variant, source, measure), "") for measure in columns])
        for variant in (REAL, *sorted({*found["variant"]} - {REAL}))
        for source, (words, _) in contract.SAMPLED.items()
        if ((found["variant"] == variant) & (found["source"] == source)).any()
    ]
    return Samples(list(columns.values()), rows)


def _board(key: str, labels: int, rows: pd.DataFrame) -> Board:
    metric = contract.find(key)
    decimals = decimals_of(rows["mean"])
    return Board(
        key=key,
        name=" ".join(_name(metric, key, labels)),
        finding=finding(rows) if metric.ranks_variants else "",
        rows=[
            (variant, written(mean, interval if metric.better else nan, decimals), seeds, standing)
            for variant, mean, interval, seeds, standing in zip(
                *(rows[name] for name in ("variant", "mean", "interval", "seeds", "standing")),
                strict=True,
            )
        ],
    )


def _name(metric: contract.Metric, key: str, labels: int) -> Iterator[str]:
    yield metric.name
    if "{view}" in metric.key:
        yield key.split("/")[1]
    if labels:
        yield f"{labels:,} labels"
    yield metric.unit_and_better
