"""Which variant is better, and whether the difference is more than luck with the seeds."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from pydantic import TypeAdapter
from scipy import stats

from autoencoder_lab.metrics import contract
from autoencoder_lab.metrics.intervals import CONFIDENCE, half_width
from autoencoder_lab.parameters import NoiseParams, NoNoiseParams

from .results import CellResult

MEASURE = ["metric", "labels"]
"""What is compared at once: a metric and, where it depends on them, the number of labels."""

BEST, UNCLEAR, WORSE = "best", "no clear difference", "worse"
UNTESTED, UNRANKED = "untested", "not ranked"


def tabulate(results: Sequence[CellResult]) -> pd.DataFrame:
    """Return the contract's metrics of all results, a row for each value.

    Returns:
        `variant`, `seed`, `metric`, `labels` and `value`, in the contract's order; `labels` is 0
        where a metric has one value.
    """
    places = {metric.key: place for place, metric in enumerate(contract.METRICS)}
    rows = [
        (result.variant, result.seed, key, labels, value)
        for result in results
        for key, labels, value in _values(result)
        if (metric := contract.get(key)) and metric.key != "node/{node}/seconds"
    ]
    rows.sort(key=lambda row: places[contract.find(row[2]).key])
    return pd.DataFrame(rows, columns=["variant", "seed", *MEASURE, "value"])


def find_differences(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the difference of each pair of variants in each metric that ranks them.

    The seeds of two variants are paired, as they share labels, noise and batches. Student's t on
    the differences gives a p-value, which Benjamini and Hochberg's method corrects for the number
    of pairs: of what is called real in a metric, 5 % is luck on average, or less; where all
    variants are the same, nothing is called real in 95 % of all repetitions.

    Args:
        scores: As `tabulate` returns them.

    Returns:
        `metric`, `labels`, `variant`, `other`, the common `seeds`, the mean `difference` of the
        first minus the other, the half-width of its 95 % `interval`, the corrected `p`, and whether
        it `is_real`. With fewer than two common seeds, or where all differ by the same, there is
        no test, and no p.

    Source: Benjamini and Hochberg, "Controlling the False Discovery Rate", Journal of the Royal
    Statistical Society B 57 (1995).
    """
    families = [
        _pairs(values).assign(metric=key, labels=labels)
        for (key, labels), values in _by_measure(scores)
        if contract.find(key).ranks_variants
    ]
    columns = [*MEASURE, "variant", "other", "seeds", "difference", "interval", "p"]
    if not families:
        return pd.DataFrame(columns=[*columns, "is_real"])
    differences = pd.concat(families, ignore_index=True)[columns]
    for _, family in differences.dropna(subset="p").groupby(MEASURE)["p"]:
        differences.loc[family.index, "p"] = stats.false_discovery_control(family)
    return differences.assign(is_real=differences["p"] < 1 - CONFIDENCE)


def rank(scores: pd.DataFrame, differences: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of each variant in each metric, best first, and where it stands.

    Args:
        scores: As `tabulate` returns them.
        differences: As `find_differences` does.

    Returns:
        `metric`, `labels`, `variant`, the number of `seeds`, `mean`, the half-width of its 95 %
        `interval`, and `standing`: best, worse (the difference to the best is real), no clear
        difference, untested, or not ranked.
    """
    boards = [
        _board(key, labels, values, differences) for (key, labels), values in _by_measure(scores)
    ]
    return pd.concat(boards, ignore_index=True)


def noise_transfer(results: Sequence[CellResult], leaderboard: pd.DataFrame) -> pd.DataFrame:
    """Return what each variant removes of noise that it was trained with, and of other noise.

    Args:
        results: Of these variants.
        leaderboard: As `rank` returns it.

    Returns:
        `variant`, `trained_with`, and a column for each view: the mean gain in dB. Variants that
        were trained with the same are together, the best first.
    """
    trained_with = {result.variant: _noise(result.parameters) for result in results}
    gains = leaderboard[leaderboard["metric"].str.startswith("denoise/")]
    views = gains["metric"].str.split("/").str[1]
    table = gains.assign(view=views).pivot(index="variant", columns="view", values="mean")
    table.insert(0, "trained_with", table.index.map(trained_with))
    order = table.assign(mean=table[views.unique()].mean(axis=1)).sort_values(
        ["trained_with", "mean"], ascending=[True, False]
    )
    return table.loc[order.index].reset_index().rename_axis(columns=None)


def _noise(parameters: Mapping[str, str]) -> str:
    """Return what a variant's training images are corrupted with, as views are named."""
    prefix = "training.corruption."
    block = {key.removeprefix(prefix): parameters[key] for key in parameters if prefix in key}
    noise = TypeAdapter[NoiseParams](NoiseParams).validate_strings(block)
    return noise.kind if isinstance(noise, NoNoiseParams) else noise.view


def _values(result: CellResult) -> Iterator[tuple[str, int, float]]:
    for key, value in result.metrics.items():
        yield key, 0, value
    few_labels = result.load_few_labels()
    for name, column in few_labels.filter(like="/").items():  # the others are words about the row
        for labels, value in zip(few_labels["labels"], column, strict=True):
            if not pd.isna(value):  # some are measured with one number of labels alone
                yield str(name), labels, value


def _by_measure(scores: pd.DataFrame) -> Iterator[tuple[tuple[str, int], pd.DataFrame]]:
    """Yield each metric and number of labels, with values (variants, seeds)."""
    tables = scores.pivot(index=[*MEASURE, "variant"], columns="seed", values="value")
    for key, labels in scores[MEASURE].drop_duplicates().itertuples(index=False):
        yield (key, labels), tables.loc[(key, labels)]


def _pairs(values: pd.DataFrame) -> pd.DataFrame:
    """Return how the variants of values (variants, seeds) differ, a row for each pair."""
    first, other = np.triu_indices(len(values), k=1)
    by_seed = values.to_numpy()[first] - values.to_numpy()[other]
    differences = pd.DataFrame(by_seed)
    spread = differences.max(axis=1) - differences.min(axis=1)
    # Equal steps, as of one image more recognised by each seed, would be certain for Student's t.
    can_be_tested = (spread > 1e-9 * differences.abs().max(axis=1)).to_numpy()
    test = stats.ttest_1samp(by_seed[can_be_tested], 0, axis=1, nan_policy="omit")
    low, high = test.confidence_interval(CONFIDENCE)
    pairs = pd.DataFrame(
        {
            "variant": values.index[first],
            "other": values.index[other],
            "seeds": differences.count(axis=1),
            "difference": differences.mean(axis=1),
        }
    )
    pairs.loc[can_be_tested, "interval"] = (high - low) / 2
    pairs.loc[can_be_tested, "p"] = test.pvalue
    return pairs


def _board(key: str, labels: int, values: pd.DataFrame, differences: pd.DataFrame) -> pd.DataFrame:
    metric = contract.find(key)
    means = values.mean(axis=1)
    order = means.sort_values(ascending=metric.better != "higher").index
    best = order[0]
    of_measure = differences[(differences["metric"] == key) & (differences["labels"] == labels)]
    return pd.DataFrame(
        {
            "metric": key,
            "labels": labels,
            "variant": order,
            "seeds": values.notna().sum(axis=1)[order].to_numpy(),
            "mean": means[order].to_numpy(),
            "interval": [half_width(values.loc[name].dropna().to_numpy()) for name in order],
            "standing": [
                _standing(name, best, metric.better, of_measure)
                if metric.ranks_variants
                else UNRANKED
                for name in order
            ],
        }
    )


def _standing(variant: str, best: str, better: str, differences: pd.DataFrame) -> str:
    if variant == best:
        return BEST
    pair = {variant, best}
    [difference] = differences[
        differences["variant"].isin(pair) & differences["other"].isin(pair)
    ].to_dict("records")
    if pd.isna(difference["p"]) and difference["difference"] != 0:
        return UNTESTED
    # Of seeds that the two don't share, the means may tell the opposite of the pairs.
    lead = difference["difference"] * (1 if difference["variant"] == best else -1)
    is_lead_better = lead < 0 if better == "lower" else lead > 0
    return WORSE if difference["is_real"] and is_lead_better else UNCLEAR
