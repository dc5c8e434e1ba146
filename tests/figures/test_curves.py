import pandas as pd

from autoencoder_lab.figures.curves import loss_curves


def test_both_losses_are_drawn_by_epoch() -> None:
    history = pd.DataFrame(
        {"epoch": [1, 2, 3], "train/loss": [0.5, 0.3, 0.2], "val/loss": [0.4, 0.35, 0.3]}
    )

    [axes] = loss_curves(history, loss="binary_crossentropy").axes

    drawn = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert drawn == {"training": [0.5, 0.3, 0.2], "validation": [0.4, 0.35, 0.3]}
    assert axes.get_ylabel() == "binary crossentropy"
