import pandas as pd
import pytest

from autoencoder_lab.figures.pretraining import ARMS, label_budget_bars


def test_each_arm_has_a_bar_as_long_as_its_accuracy() -> None:
    accuracies = dict(zip(ARMS, [0.8, 0.5, 0.75, 0.9], strict=True))

    [axes] = label_budget_bars(pd.DataFrame([{"labels": 100, **accuracies}]), title="Few").axes

    assert [bar.get_width() for bar in axes.patches] == pytest.approx([80, 50, 75, 90])
    assert "100 labels" in axes.get_xlabel()


def test_without_labels_the_figure_says_so() -> None:
    [axes] = label_budget_bars(pd.DataFrame(columns=["labels", *ARMS]), title="Few").axes

    assert "left out" in axes.texts[0].get_text()
