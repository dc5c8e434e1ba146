import io

import pytest

from autoencoder_lab.figures.figure import Figure


def test_a_figure_is_rendered_once_however_often_it_is_saved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    figure = Figure(figsize=(1, 1))
    first, second = io.BytesIO(), io.BytesIO()
    figure.savefig(first, format="png")
    monkeypatch.setattr(Figure, "draw", None)

    figure.savefig(second)

    assert first.getvalue().startswith(b"\x89PNG")
    assert second.getvalue() == first.getvalue()
