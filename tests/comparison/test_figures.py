import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from autoencoder_lab.comparison.figures import (
    label_budgets,
    noise_transfer_table,
    rate_distortion,
    time_and_quality,
)

NAN = float("nan")
PCA = pd.DataFrame({"components": [1, 2, 3], "mse": [0.5, 0.3, 0.2]})


def leaderboard(values: dict[str, dict[str, float]], interval: float = 0.1) -> pd.DataFrame:
    """Return a row for each metric and variant."""
    return pd.DataFrame(
        [
            {
                "metric": metric,
                "labels": 0,
                "variant": variant,
                "mean": mean,
                "interval": interval,
            }
            for metric, means in values.items()
            for variant, mean in means.items()
        ]
    )


BOARD = leaderboard(
    {
        "model/latent_dim": {"tied": 3, "linear": 5},
        "test/mse": {"tied": 0.25, "linear": 0.125},
        "fit/seconds": {"tied": 8, "linear": 2},
        "probe/linear_accuracy": {"tied": 0.75, "linear": 0.5},
    }
)


def points(axes: Axes) -> set[tuple[float, float]]:
    return {tuple(bars.lines[0].get_xydata()[0].tolist()) for bars in axes.containers}


def variants(figure: Figure) -> list[str]:
    [legend] = figure.legends
    return [text.get_text() for text in legend.get_texts()]


@pytest.mark.parametrize("interval", [0.1, NAN], ids=["several seeds", "one seed"])
def test_each_variant_lies_at_its_size_and_error_beside_pcas_curve(interval: float) -> None:
    figure = rate_distortion(BOARD.assign(interval=interval), PCA)

    [axes] = figure.axes
    assert points(axes) == {(3, 0.25), (5, 0.125)}
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), PCA.to_numpy())
    assert variants(figure) == ["linear", "tied"]


def test_time_is_drawn_beside_error_and_probe_where_there_is_one() -> None:
    error, probe = time_and_quality(BOARD).axes
    assert points(error) == {(8, 0.25), (2, 0.125)}
    assert points(probe) == {(8, 0.75), (2, 0.5)}

    unlabelled = BOARD[BOARD["metric"] != "probe/linear_accuracy"]
    assert len(time_and_quality(unlabelled).axes) == 1


def test_few_labels_have_curves_of_all_variants_and_the_baselines() -> None:
    keys = [
        "pretraining/spread",
        "pretraining/spread_sum",
        "pretraining/fine_tuned",
        "pretraining/gain",
        "baseline/pca_spread",
        "baseline/pixels_nearest",
    ]
    board = pd.concat(
        leaderboard({key: {"tied": 0.5 + labels / 1000, "linear": 0.25} for key in keys}).assign(
            labels=labels
        )
        for labels in (300, 100)
    )

    spread, spread_sum, fine_tuned, gain = label_budgets(board).axes

    panels = (spread, spread_sum, fine_tuned, gain)
    assert [len(axes.containers) for axes in panels] == [2, 2, 2, 2]
    tied = spread.containers[1].lines[0]
    assert tied.get_ydata().tolist() == pytest.approx([60, 80])
    assert (np.diff(tied.get_xdata()) > 0).all()
    legends = [axes.get_legend() for axes in (spread, spread_sum, fine_tuned)]
    assert [legend.get_texts()[0].get_text() for legend in legends] == [
        "PCA",
        "PCA",
        "nearest neighbour, pixels",
    ]


def test_without_labels_the_figure_says_so() -> None:
    figure = label_budgets(BOARD)

    assert not figure.axes
    assert any("labelled with two classes" in text.get_text() for text in figure.texts)


def test_the_noise_table_has_a_number_for_each_variant_and_view() -> None:
    gains = pd.DataFrame(
        {
            "variant": ["tied", "linear"],
            "trained_with": ["mask_0.5", "none"],
            "gaussian_0.2": [1.25, -2.0],
            "mask_0.5": [0.5, 3.0],
        }
    )

    axes = noise_transfer_table(gains).axes[0]

    assert [text.get_text() for text in axes.texts] == ["+1.2", "+0.5", "-2.0", "+3.0"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["tied  (mask_0.5)", "linear"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["gaussian_0.2", "mask_0.5"]


def test_many_variants_can_be_told_apart() -> None:
    names = [f"variant_{number:02}" for number in range(25)]
    board = leaderboard(
        {key: dict.fromkeys(names, 0.5) for key in ("model/latent_dim", "test/mse")}
    )

    [legend] = rate_distortion(board, PCA).legends

    looks = {(line.get_color(), line.get_marker()) for line in legend.get_lines()}
    assert len(looks) == len(names)


def test_variants_without_a_part_are_left_out_of_what_needs_it() -> None:
    encoder = leaderboard(
        {
            "model/latent_dim": {"encoder": 4},
            "fit/seconds": {"encoder": 3},
            "probe/linear_accuracy": {"encoder": 0.25},
        }
    )
    both = pd.concat([BOARD, encoder])

    assert points(rate_distortion(both, PCA).axes[0]) == {(3, 0.25), (5, 0.125)}
    of_error, of_probe = time_and_quality(both).axes
    assert len(points(of_error)) == 2
    assert (3, 0.25) in points(of_probe)


def test_figures_say_what_they_leave_out_where_no_variant_reconstructs() -> None:
    board = leaderboard({"model/latent_dim": {"decoder": 4}, "fit/seconds": {"decoder": 3}})
    nothing = pd.DataFrame(columns=["variant", "trained_with"])

    for figure in (
        rate_distortion(board, PCA),
        time_and_quality(board),
        noise_transfer_table(nothing),
    ):
        [text] = figure.texts[-1:]
        assert text.get_text() == "left out: no variant has both encoder and decoder"


def test_what_is_measured_with_one_number_of_labels_is_seen() -> None:
    few = {"tied": 0.98, "linear": 0.97}
    board = pd.concat(
        [
            leaderboard({"pretraining/gain": few}).assign(labels=100),
            leaderboard({"pretraining/gain": few}).assign(labels=300),
            leaderboard({"few_labels/accuracy": few, "few_labels/labels_alone": few}).assign(
                labels=100
            ),
        ]
    )

    _, few_labels = label_budgets(board).axes

    assert few_labels.get_title() == "Labels spread, trained on, spread again"
    assert few_labels.get_xlim() == (50, 200)
    [baseline] = few_labels.get_legend().legend_handles
    assert baseline.get_label() == "the network on the labels alone"
    assert [line.get_ydata() for line in few_labels.lines if len(line.get_xdata()) == 2] == [
        [97.5, 97.5]
    ]
