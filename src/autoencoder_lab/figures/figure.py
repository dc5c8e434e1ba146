"""The figure class of all plots."""

import io
from typing import Any, BinaryIO

import matplotlib.figure
from matplotlib.backends.backend_agg import FigureCanvasAgg

from .text import use_fonts_of_many_scripts

use_fonts_of_many_scripts()


class Figure(matplotlib.figure.Figure):
    """A figure that is rendered once, although it is saved to a file and logged: it takes longest.

    It is complete when it is saved for the first time.
    """

    _png: bytes = b""

    def savefig(self, fname: BinaryIO, *, format: str = "png") -> None:  # type: ignore[override]
        """Write the figure as PNG, the only format that it has."""
        assert format == "png"
        if not self._png:
            png = io.BytesIO()
            canvas: Any = FigureCanvasAgg(self)
            canvas.print_png(png)  # `savefig` draws it twice, to lay it out first
            self._png = png.getvalue()
        fname.write(self._png)


def say_left_out(figure: Figure, reason: str) -> None:
    """Write in an empty figure why nothing is drawn."""
    figure.text(0.5, 0.5, f"left out: {reason}", ha="center", va="center")
