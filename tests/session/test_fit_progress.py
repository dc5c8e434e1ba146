import io
import logging

import pytest
from kedro.pipeline import Node
from rich.console import Console

from autoencoder_lab.session.fit_progress import ShowFits
from autoencoder_lab.training.progress import Milestone, tell

NODE = Node(sorted, "images", "model", name="train", namespace="stacked")


def epoch(number: int, phase: str = "joint") -> Milestone:
    return Milestone(phase, number, 3, {"train/loss": 0.25, "val/loss": 0.5})


def test_a_log_has_lines_with_the_variants_name_now_and_then_and_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    ShowFits().before_node_run(NODE)

    for number in (1, 2, 3):
        tell(epoch(number))

    assert caplog.messages == [
        "stacked: epoch 1 of 3, train/loss 0.2500, val/loss 0.5000",
        "stacked: epoch 3 of 3, train/loss 0.2500, val/loss 0.5000",
    ]


def test_small_fits_are_counted_apart_from_epochs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    hook = ShowFits()
    for node in (NODE, Node(sorted, "images", "scores", name="fit_untrained", namespace="stacked")):
        hook.before_node_run(node)
        tell(Milestone("pretraining/scratch", 1, 20, {}, unit="classifier"))

    assert caplog.messages == ["stacked (pretraining/scratch): classifier 1 of 20"] * 2


def test_where_somebody_watches_there_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(file=io.StringIO(), force_terminal=True, width=120)
    monkeypatch.setattr("autoencoder_lab.session.fit_progress.get_console", lambda: screen)
    hook = ShowFits()
    hook.before_node_run(NODE)

    tell(epoch(1))
    tell(epoch(2, phase="layer 2"))
    hook.after_pipeline_run()

    assert isinstance(screen.file, io.StringIO)
    shown = screen.file.getvalue()
    assert "stacked (layer 2)" in shown
    assert "2/3" in shown
    assert "val/loss 0.5000" in shown
