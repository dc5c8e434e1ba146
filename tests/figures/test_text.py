import io

import numpy as np
import pytest

from autoencoder_lab.figures import text
from autoencoder_lab.figures.images import image_rows
from autoencoder_lab.figures.maps import codings_map
from autoencoder_lab.figures.text import literal

NAMES = ("$10_$20", "a_b^c", "100 %", r"C:\new", "\N{CAT FACE}", "\u732b")


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("name", NAMES)
def test_names_of_classes_are_drawn_letter_by_letter(name: str) -> None:
    images = np.random.default_rng(0).random((40, 5, 3, 1), np.float32)
    points = np.random.default_rng(1).normal(size=(40, 2)).astype(np.float32)

    rows = image_rows([(name, images)], title="Rows")
    on_map = codings_map(points, images, np.arange(40) % 2, {0: name, 1: "b"}, title="Map")

    for figure, drawn in ((rows, rows.axes[0].yaxis.label), (on_map, on_map.axes[0].texts[0])):
        figure.savefig(io.BytesIO())  # a formula that is none would raise
        letters, is_formula = drawn._preprocess_math(drawn.get_text())
        assert (letters, is_formula) == (name, False)


def test_letters_that_no_font_has_are_said_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "_is_drawn", str.isascii)
    text._say.cache_clear()

    for name in ("plain", "ab\u732b\u72ac", "\u72ac\u732b", "ab\u732b\u72ac"):
        literal(name)

    [said] = caplog.messages
    assert said.startswith("No font that is installed has \u72ac\u732b: figures show boxes")


def test_fonts_that_are_installed_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "OF_MANY_SCRIPTS", ("DejaVu Serif", "No such font"))
    text._installed.cache_clear()
    before = text.mpl.rcParams["font.family"]

    text.use_fonts_of_many_scripts()

    assert text.mpl.rcParams["font.family"] == ["sans-serif", "DejaVu Serif"]
    text._installed.cache_clear()
    text.mpl.rcParams["font.family"] = before
