from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from autoencoder_lab.comparison.ranking import find_differences, noise_transfer, rank, tabulate
from autoencoder_lab.comparison.results import CellResult


def scores(
    values: Mapping[str, Iterable[float]], metric: str = "test/mse", labels: int = 0
) -> pd.DataFrame:
    """Return the scores of variants, by seed."""
    return pd.DataFrame(
        [
            {"variant": variant, "seed": seed, "metric": metric, "labels": labels, "value": value}
            for variant, of_variant in values.items()
            for seed, value in enumerate(of_variant)
            if not np.isnan(value)
        ]
    )


def find_in_each(studies: Sequence[Mapping[str, Iterable[float]]]) -> list[pd.DataFrame]:
    """Return the differences in each study: all at once, as metrics of their own."""
    tables = [scores(values, labels=number) for number, values in enumerate(studies)]
    return [of_study for _, of_study in find_differences(pd.concat(tables)).groupby("labels")]


def standings(table: pd.DataFrame) -> dict[str, str]:
    board = rank(table, find_differences(table))
    return dict(zip(board["variant"], board["standing"], strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("n_seeds", [3, 5])
def test_variants_that_are_the_same_are_rarely_called_different(n_seeds: int) -> None:
    rng = np.random.default_rng(0)
    n_studies = 400

    studies = []
    for _ in range(n_studies):
        of_seed = rng.normal(0, 5, n_seeds)  # luck that all variants share
        studies.append({name: of_seed + rng.normal(0, 1, n_seeds) for name in "abcde"})
    found = find_in_each(studies)

    n_false = sum(of_study["is_real"].any() for of_study in found)
    assert len(found) == n_studies
    assert n_false <= stats.binom.ppf(0.999, n_studies, 0.05)


@pytest.mark.slow
def test_without_the_correction_false_alarms_would_be_frequent() -> None:
    rng = np.random.default_rng(0)
    studies = [{name: rng.normal(0, 1, 5) for name in "abcde"} for _ in range(100)]

    uncorrected = sum(
        any(
            stats.ttest_rel(*[values[name] for name in pair]).pvalue < 0.05
            for pair in ("ab", "ac", "ad", "ae", "bc", "bd", "be", "cd", "ce", "de")
        )
        for values in studies
    )

    assert uncorrected > 15
    corrected = sum(found["is_real"].any() for found in find_in_each(studies))
    assert corrected < uncorrected / 2


def test_a_difference_in_each_seed_is_found_below_larger_luck_of_the_seeds() -> None:
    rng = np.random.default_rng(0)
    of_seed = rng.normal(0, 5, 5)
    values = {"a": of_seed + rng.normal(0, 0.05, 5), "b": of_seed + 1 + rng.normal(0, 0.05, 5)}

    [difference] = find_differences(scores(values)).to_dict("records")

    assert difference["is_real"]
    assert difference["difference"] == pytest.approx(-1, abs=0.1)
    assert difference["interval"] < 0.2
    assert difference["p"] == pytest.approx(stats.ttest_rel(values["a"], values["b"]).pvalue)


@pytest.mark.slow
@pytest.mark.parametrize("n_seeds", [3, 5])
def test_of_what_is_called_real_one_in_twenty_is_false(n_seeds: int) -> None:
    # Half of the variants are the same, the others are apart, and their luck is not equally large.
    rng = np.random.default_rng(0)
    means = {"a": 0, "b": 0, "c": 0, "d": 30, "e": 60, "f": 90}
    same = set("abc")

    studies = [
        {
            name: mean + rng.normal(0, 1 + 2 * place / 6, n_seeds)
            for place, (name, mean) in enumerate(means.items())
        }
        for _ in range(300)
    ]

    shares, n_true = [], []
    for of_study in find_in_each(studies):
        found = of_study.query("is_real")
        is_false = found["variant"].isin(same) & found["other"].isin(same)
        shares.append(is_false.mean() if len(found) else 0)
        n_true.append((~is_false).sum())

    assert np.mean(shares) <= 0.05 + 3 * np.std(shares) / np.sqrt(len(shares))
    assert np.mean(n_true) > 9  # of twelve pairs that are apart


def test_the_smallest_p_is_raised_by_the_number_of_pairs_and_the_largest_is_not() -> None:
    rng = np.random.default_rng(0)
    values = {name: rng.normal(0, 1, 6) for name in "abc"}
    pairs = [("a", "b"), ("a", "c"), ("b", "c")]
    plain = sorted(stats.ttest_rel(values[one], values[other]).pvalue for one, other in pairs)

    corrected = sorted(find_differences(scores(values))["p"])

    assert plain[0] <= corrected[0] <= 3 * plain[0]
    assert corrected[-1] == pytest.approx(plain[-1])


def test_metrics_and_budgets_are_families_of_their_own() -> None:
    rng = np.random.default_rng(0)
    values = {name: rng.normal(0, 1, 4) for name in "ab"}
    few = scores(values, "pretraining/gain", 100)
    many = scores({name: 2 * value for name, value in values.items()}, "pretraining/gain", 300)

    alone = find_differences(few)["p"].tolist()
    together = find_differences(pd.concat([few, many, scores(values)]))["p"].tolist()

    assert together == pytest.approx(3 * alone)


def test_what_does_not_rank_variants_is_not_tested_but_has_its_mean() -> None:
    table = scores({"a": [30, 30], "b": [9, 9]}, "model/latent_dim")

    assert find_differences(table).empty
    board = rank(table, find_differences(table))
    assert dict(zip(board["variant"], board["mean"], strict=True)) == {"b": 9, "a": 30}
    assert set(board["standing"]) == {"not ranked"}


def test_the_best_comes_first_whichever_way_is_better() -> None:
    values = {"a": [1.0, 1.1], "b": [2.0, 2.2]}

    assert list(standings(scores(values))) == ["a", "b"]
    assert list(standings(scores(values, "test/psnr"))) == ["b", "a"]


def test_standings_say_which_differences_to_the_best_are_real() -> None:
    rng = np.random.default_rng(0)
    values = {
        "best": 1 + rng.normal(0, 0.01, 5),
        "close": 1.001 + rng.normal(0, 0.01, 5),
        "far": 2 + rng.normal(0, 0.01, 5),
        "one seed": [1.5],
    }

    found = standings(scores(values))

    assert found == {
        "best": "best",
        "close": "no clear difference",
        "one seed": "untested",
        "far": "worse",
    }


def test_one_seed_has_no_interval_and_no_test() -> None:
    table = scores({"a": [1.0], "b": [2.0]})

    board = rank(table, find_differences(table))

    assert board["interval"].isna().all()
    assert board["standing"].tolist() == ["best", "untested"]


def test_a_better_mean_over_other_seeds_is_no_lead_over_who_is_better_on_the_same() -> None:
    nan = float("nan")
    values = {"easier seeds": [0.5, 0.6, 0.9], "better": [0.55, 0.6501, nan]}

    assert standings(scores(values, "test/ssim")) == {
        "easier seeds": "best",
        "better": "no clear difference",
    }


def test_variants_with_the_same_values_are_not_clearly_different() -> None:
    values = {"a": [0.5, 0.6, 0.7], "same": [0.5, 0.6, 0.7]}

    assert standings(scores(values)) == {"a": "best", "same": "no clear difference"}


def test_a_variant_alone_is_the_best_and_has_no_differences() -> None:
    table = scores({"a": [1.0, 2.0, 3.0]})

    assert find_differences(table).empty
    assert standings(table) == {"a": "best"}


def test_only_common_seeds_are_paired() -> None:
    nan = float("nan")
    values = {"a": [1.0, 1.2, 1.1, nan], "b": [nan, 2.2, 2.3, 9.0]}

    [difference] = find_differences(scores(values)).to_dict("records")

    assert difference["seeds"] == 2
    assert difference["difference"] == pytest.approx(-1.1)


def test_equal_steps_are_not_taken_for_certainty() -> None:
    table = scores({"a": [0.90, 0.91, 0.90], "b": [0.91, 0.92, 0.91]}, "probe/knn_accuracy")

    assert standings(table) == {"b": "best", "a": "untested"}


def test_scores_are_the_metrics_of_the_contract_in_its_order(cell_result: CellResult) -> None:
    metrics = {"node/encode_images/seconds": 2, "fit/seconds": 9, "test/mse": 0.01, "my/own": 3}

    def few_labels() -> pd.DataFrame:
        return pd.DataFrame(
            {
                "labels": [10, 30],
                "pretraining/gain": [0.1, 0.2],
                "verdict": ["helps", "helps"],
                "few_labels/accuracy": [np.nan, 0.5],
            }
        )

    result = replace(cell_result, metrics=metrics, load_few_labels=few_labels)

    assert tabulate([result]).to_numpy().tolist() == [
        ["tied", 1, "test/mse", 0, 0.01],
        ["tied", 1, "fit/seconds", 0, 9],
        ["tied", 1, "pretraining/gain", 10, 0.1],
        ["tied", 1, "pretraining/gain", 30, 0.2],
        ["tied", 1, "few_labels/accuracy", 30, 0.5],
    ]


def test_noise_transfer_has_what_was_trained_with_beside_what_was_tested_on(
    cell_result: CellResult,
) -> None:
    board = pd.concat(
        scores({"a": [1.0], "b": [2.0], "c": [4.0]}, f"denoise/{view}/psnr_gain")
        for view in ("gaussian_0.2", "mask_0.5")
    )
    corruptions = {
        "a": {"kind": "mask", "rate": "0.5"},
        "b": {"kind": "none"},
        "c": {"kind": "none"},
    }
    results = [
        replace(
            cell_result,
            variant=variant,
            parameters={f"training.corruption.{key}": value for key, value in noise.items()},
        )
        for variant, noise in corruptions.items()
    ]

    table = noise_transfer(results, rank(board, find_differences(board)))

    assert table.columns.tolist() == ["variant", "trained_with", "gaussian_0.2", "mask_0.5"]
    assert table.to_numpy().tolist() == [
        ["a", "mask_0.5", 1, 1],
        ["c", "none", 4, 4],
        ["b", "none", 2, 2],
    ]
