import pandas as pd

from autoencoder_lab.figures.curves import loss_curves

HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "train/loss": [0.5, 0.3, 0.2],
        "val/loss": [0.4, 0.35, 0.3],
        "phase": "joint",
    }
)


def test_both_losses_are_drawn_by_epoch() -> None:
    [axes] = loss_curves(HISTORY, loss="binary_crossentropy").axes

    drawn = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert drawn == {"training": [0.5, 0.3, 0.2], "validation": [0.4, 0.35, 0.3]}
    assert axes.get_ylabel() == "binary crossentropy"


def test_each_phase_has_a_scale_of_its_own() -> None:
    phases = HISTORY.assign(phase=["layer 1", "layer 1", "layer 2"])

    panels = loss_curves(phases, loss="mse").axes

    assert [axes.get_title() for axes in panels] == ["layer 1", "layer 2"]
    assert [list(axes.lines[0].get_xdata()) for axes in panels] == [[1, 2], [3]]
    assert [tick for tick in panels[1].get_xticks() if 2.5 <= tick <= 3.5] == [3]


def test_losses_that_hardly_differ_are_not_drawn_far_apart() -> None:
    losses = HISTORY.assign(**{"train/loss": -80.0, "val/loss": -80.001})

    [axes] = loss_curves(losses, loss="mse").axes

    low, high = axes.get_ylim()
    assert low < -80.001 < -80 < high
    assert high - low > 7
