from collections.abc import Mapping

import pytest

from autoencoder_lab.commands.replay.compare import compare_runs
from autoencoder_lab.comparison.tolerance import within
from autoencoder_lab.tracking.results.run_record import RunRecord

NAN = float("nan")


def record(
    values: Mapping[tuple[str, int], float], outputs: Mapping[str, Mapping[str, str]] | None = None
) -> RunRecord:
    return RunRecord(
        run_id="",
        name="",
        experiment_id="",
        dataset="digits",
        variant="tied",
        seed=1,
        user="",
        commit="",
        changes="",
        patch=b"",
        code="",
        data_digest="",
        threads="1",
        parameters={},
        packages={},
        machine={},
        values=values,
        outputs=outputs or {},
    )


VALUES = {("test/mse", 0): 0.1, ("val/loss", 1): 0.5, ("val/loss", 2): NAN}


def test_the_same_numbers_are_equal_bit_for_bit_nan_included() -> None:
    verdict = compare_runs(record(VALUES), record(VALUES), tolerance=within(0))

    assert verdict.is_equal
    assert str(verdict) == "All 3 values are equal, bit for bit."


@pytest.mark.parametrize(
    ("change", "tolerance", "is_equal"),
    [(1e-15, 0, False), (1e-7, 1e-6, True), (1e-5, 1e-6, False), (NAN, 1, False)],
)
def test_a_tolerance_is_relative(change: float, tolerance: float, is_equal: bool) -> None:
    other = {**VALUES, ("val/loss", 1): 0.5 * (1 + change)}

    verdict = compare_runs(record(VALUES), record(other), tolerance=within(tolerance))

    assert verdict.is_equal is is_equal
    if not is_equal:
        assert str(verdict).startswith("1 of 3 values are not equal")
        assert verdict.values.iloc[0][["metric", "step"]].tolist() == ["val/loss", 1]


@pytest.mark.parametrize("is_lost", [True, False])
def test_a_value_that_only_one_run_has_is_not_equal(is_lost: bool) -> None:
    fewer = {("test/mse", 0): 0.1, ("val/loss", 1): 0.5}
    pair = (record(VALUES), record(fewer)) if is_lost else (record(fewer), record(VALUES))

    verdict = compare_runs(*pair, tolerance=within(1))

    assert not verdict.is_equal
    assert verdict.values["is_equal"].tolist() == [False, True, True]


def test_the_first_node_whose_output_differs_is_named() -> None:
    outputs = {
        "split_images": {"train_images": "a"},
        "train_autoencoder": {"model": "b", "training_history": "c"},
        "measure_codings": {"codings_metrics": "d"},
    }
    other = {
        "split_images": {"train_images": "a"},
        "train_autoencoder": {"model": "x", "training_history": "c"},
        "measure_codings": {"codings_metrics": "y"},
    }

    verdict = compare_runs(record(VALUES, outputs), record(VALUES, other), tolerance=within(0))

    assert verdict.is_equal
    assert verdict.first_difference == "model of train_autoencoder"
    assert str(verdict).endswith("The first output that differs: model of train_autoencoder.")
