"""Text from data in figures: taken literally, in fonts that have its letters."""

import logging
from functools import cache

import matplotlib as mpl
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

logger = logging.getLogger(__name__)

OF_MANY_SCRIPTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Source Han Sans SC"),
    *("WenQuanYi Zen Hei", "Droid Sans Fallback", "Microsoft YaHei", "PingFang SC"),
    *("Hiragino Sans", "Malgun Gothic", "Apple SD Gothic Neo", "Arial Unicode MS"),
    *("Noto Sans Devanagari", "Noto Sans Thai", "Noto Emoji", "Symbola", "Unifont"),
)
"""Fonts, of which those that are installed have what the usual one has not."""


def use_fonts_of_many_scripts() -> None:
    """Let figures look for letters in these fonts, too."""
    mpl.rcParams["font.family"] = ["sans-serif", *_installed()]


def literal(text: str) -> str:
    """Return text that is drawn letter by letter: matplotlib takes what is between $ for formulas.

    Letters that no font has are drawn as boxes, which is said once.
    """
    if missing := "".join(
        sorted({char for char in text if char.isprintable() and not _is_drawn(char)})
    ):
        _say(missing)
    return text.replace("$", r"\$")


@cache
def _installed() -> list[str]:
    names = set(fontManager.get_font_names())
    return [name for name in OF_MANY_SCRIPTS if name in names]


@cache
def _is_drawn(letter: str) -> bool:
    families = ("sans-serif", *_installed())
    files = [findfont(FontProperties(family=[family])) for family in families]
    return any(get_font(file).get_char_index(ord(letter)) for file in files)


@cache
def _say(missing: str) -> None:
    logger.warning(
        "No font that is installed has %s: figures show boxes instead. Install one that has, as "
        "Noto Sans CJK (fonts-noto-cjk) or Noto Emoji",
        missing,
    )
