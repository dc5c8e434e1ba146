"""A map of codings to look at in a browser: one page of HTML that needs nothing else."""

import base64
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from bokeh.embed import json_item
from bokeh.models import ColumnDataSource, HoverTool
from bokeh.models.annotations import Legend
from bokeh.plotting import figure
from bokeh.resources import Resources
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.colors import to_hex
from PIL import Image

from autoencoder_lab.images.arrays import (
    UNLABELLED,
    ClassNames,
    Images,
    Indices,
    Labels,
    Points,
    has_labels,
)

from .images import as_drawn
from .maps import MOST_NAMES, class_colours

MANY = 2500
"""Images; of more, each is smaller, for the page to stay below 5 MB."""

LARGEST, LARGEST_OF_MANY = 64, 32  # pixels of an image's longer side
SHOWN = 120  # pixels on the screen
QUALITY = 75  # of WebP
HEIGHT = 720

IDS = ("id", "root_id")
"""Keys below which Bokeh keeps the number of a part."""


def map_page(
    points: Points,
    images: Images,
    labels: Labels,
    class_names: ClassNames,
    files: Sequence[str],
    *,
    title: str,
) -> str:
    """Return a page with points (n, 2) that shows an image where the pointer is.

    Classes can be hidden by a click on their names, where labelled, and images be found by their
    names. All of the page is within it.

    Args:
        images: (n, height, width, channels) in [0, 1].
        files: What each image is called.
    """
    sheet = _Sheet(images)
    groups = labels if has_labels(labels) else np.full_like(labels, UNLABELLED)
    present = np.unique(groups)
    plot = figure(
        height=HEIGHT,
        sizing_mode="stretch_width",
        match_aspect=True,
        tools="pan,wheel_zoom,box_zoom,reset",
        active_scroll="wheel_zoom",
        toolbar_location="above",
        output_backend="webgl",
    )
    plot.axis.visible = plot.grid.visible = False  # t-SNE's axes have no unit and no direction
    classes: list[tuple[str, list[Any]]] = []
    for label, colour in zip(present.tolist(), class_colours(len(present)), strict=True):
        places = np.flatnonzero(groups == label)
        name = class_names.get(label, "")
        drawn = plot.scatter(
            "x",
            "y",
            source=_source(points, sheet, places, name, files),
            size=7,
            color=to_hex(colour),
            line_color=None,
            fill_alpha=0.8,
            nonselection_fill_alpha=0.05,
        )
        classes.append((name, [drawn]))
    has_legend = 1 < len(classes) <= MOST_NAMES
    if has_legend:
        plot.add_layout(Legend(items=classes, click_policy="hide"), "right")
    plot.add_tools(HoverTool(tooltips=sheet.tooltip, attachment="horizontal", limit=1))
    environment = Environment(
        loader=PackageLoader("autoencoder_lab.figures", ""),
        autoescape=True,
        undefined=StrictUndefined,
    )
    # In Bokeh's order: sorted, parts would be used before they are told.
    environment.policies["json.dumps_kwargs"] = {}
    return environment.get_template("map_page.html").render(
        title=title,
        bokeh=Resources("inline", components=["bokeh", "bokeh-gl"]).render(),
        plot=_renumbered(json_item(plot)),
        thumbnails=sheet.as_data(),
        n_images=len(points),
        has_legend=has_legend,
    )


class _Sheet:
    """All images on one, side by side in rows, of which a page shows a piece at a time."""

    def __init__(self, images: Images) -> None:
        n_images, height, width = images.shape[:3]
        largest = LARGEST if n_images <= MANY else LARGEST_OF_MANY
        self._images = images
        self._n_columns = math.ceil(math.sqrt(n_images))
        self._n_rows = math.ceil(n_images / self._n_columns)
        scale = min(largest / max(height, width), 1)
        self._size = max(round(width * scale), 1), max(round(height * scale), 1)
        longer = max(height, width)
        self._shown = (
            max(round(SHOWN * width / longer), 1),
            max(round(SHOWN * height / longer), 1),
        )

    def offsets(self, places: Indices) -> tuple[Indices, Indices]:
        """Return how far left and up the sheet is moved to show each image, in pixels."""
        rows, columns = np.divmod(places, self._n_columns)
        width, height = self._shown
        return columns * width, rows * height

    @property
    def tooltip(self) -> str:
        """What is shown where the pointer is, with the names of columns after @."""
        width, height = self._shown
        whole = f"{width * self._n_columns}px {height * self._n_rows}px"
        return (
            f'<div class="thumbnail" style="width: {width}px; height: {height}px; '
            f"background-image: var(--thumbnails); background-size: {whole}; "
            'background-position: -@{left}px -@{top}px; image-rendering: pixelated"></div>'
            "<div><b>@label</b> @file</div>"
        )

    def as_data(self) -> str:
        """Return the sheet as the address of a picture that is within it."""
        width, height = self._size
        sheet = Image.new("RGB", (width * self._n_columns, height * self._n_rows))
        for place, pixels in enumerate(self._images):
            levels = np.round(255 * as_drawn(pixels)).astype(np.uint8)
            row, column = divmod(place, self._n_columns)
            small = Image.fromarray(levels).resize(self._size)
            sheet.paste(small, (column * width, row * height))
        content = io.BytesIO()
        sheet.save(content, "WEBP", quality=QUALITY)
        return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"


def _source(
    points: Points, sheet: _Sheet, places: Indices, name: str, files: Sequence[str]
) -> ColumnDataSource:
    """Return a class' points, and what is shown of each."""
    left, top = sheet.offsets(places)
    return ColumnDataSource(
        {
            "x": points[places, 0],
            "y": points[places, 1],
            "left": left.astype(np.int32),
            "top": top.astype(np.int32),
            "label": [name] * len(places),
            "file": [files[place] for place in places.tolist()],
        }
    )


def _renumbered(item: object) -> object:
    """Return Bokeh's description of a plot with numbers of its own, so that it is always the same.

    Bokeh goes on counting its parts as long as a process lives.
    """
    numbers: dict[str, str] = {}

    def renumber(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: _number(each) if key in IDS else renumber(each) for key, each in value.items()
            }
        return [renumber(each) for each in value] if isinstance(value, list) else value

    def _number(name: Any) -> Any:
        return numbers.setdefault(name, f"p{len(numbers)}") if isinstance(name, str) else name

    return renumber(item)
