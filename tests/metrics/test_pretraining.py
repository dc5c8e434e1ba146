import pandas as pd
import pytest

from autoencoder_lab.metrics.pretraining import by_budget


def accuracies(gains: dict[int, list[float]]) -> pd.DataFrame:
    """Return accuracies whose scratch arm scatters far more than the gains do."""
    rows = [
        {
            "labels": labels,
            "draw": draw,
            "pretraining/scratch": 0.5 + 0.1 * draw,
            "pretraining/fine_tuned": 0.5 + 0.1 * draw + gain,
        }
        for labels, of_labels in gains.items()
        for draw, gain in enumerate(of_labels)
    ]
    return pd.DataFrame(rows)


def test_gains_are_of_pairs() -> None:
    scores = by_budget(accuracies({10: [0.02, 0.03, 0.04], 30: [-0.03, -0.02, -0.04]}))

    assert scores["labels"].tolist() == [10, 30]
    assert scores["pretraining/scratch"].tolist() == pytest.approx([0.6, 0.6])
    assert scores["pretraining/gain"].tolist() == pytest.approx([0.03, -0.03])
    # Student's t at two degrees of freedom, times the standard error.
    assert scores["pretraining/gain_interval"].tolist() == pytest.approx(
        [4.303 * 0.01 / 3**0.5] * 2, rel=1e-3
    )


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [
        ([0.02, 0.03, 0.03], "helps"),
        ([-0.02, -0.03, -0.03], "harms"),
        ([0.09, -0.02, 0.01], "has no clear effect"),
        ([0.0, 0.0, 0.0], "has no clear effect"),
    ],
)
def test_the_verdict_is_that_of_the_interval(gains: list[float], verdict: str) -> None:
    assert by_budget(accuracies({10: gains}))["verdict"].tolist() == [verdict]


def test_without_draws_there_are_no_scores() -> None:
    empty = accuracies({10: [0.1]}).iloc[:0]

    assert by_budget(empty).empty
