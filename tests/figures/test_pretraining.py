import pandas as pd
import pytest

from autoencoder_lab.figures.pretraining import CURVES, label_budget_curves

SCORES = pd.DataFrame(
    {
        "labels": [100, 3000],
        **{key: [0.5 + 0.01 * n, 0.8 + 0.01 * n] for n, key in enumerate(CURVES)},
        "pretraining/gain": [-0.02, 0.01],
        "pretraining/gain_interval": [0.01, 0.005],
        "verdict": ["harms", "helps"],
    }
)


def test_each_arm_has_a_curve_and_its_name() -> None:
    figure = label_budget_curves(SCORES, title="Few")

    of_accuracy, _ = figure.axes
    assert [line.get_ydata().tolist() for line in of_accuracy.lines] == [
        pytest.approx((100 * SCORES[key]).tolist()) for key in CURVES
    ]
    [legend] = figure.legends
    assert [text.get_text() for text in legend.texts] == [name for name, *_ in CURVES.values()]


def test_the_gains_have_intervals_and_verdicts() -> None:
    _, of_gain = label_budget_curves(SCORES, title="Few").axes

    [errors] = of_gain.containers
    _, _, [bars] = errors.lines
    assert [segment[:, 1].tolist() for segment in bars.get_segments()] == [
        pytest.approx([-3, -1]),
        pytest.approx([0.5, 1.5]),
    ]
    assert [text.get_text() for text in of_gain.texts] == ["harms", "helps"]


def test_without_labels_the_figure_says_so() -> None:
    figure = label_budget_curves(SCORES.iloc[:0], title="Few")

    assert "left out" in figure.texts[-1].get_text()
