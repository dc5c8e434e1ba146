"""The map of codings as people look at it: in a real browser, which is given one file."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from autoencoder_lab.figures.map_page import map_page
from autoencoder_lab.images.arrays import UNLABELLED, Images, Labels

from ..waiting import LONGEST_WAIT

N = 30
POINTS = np.stack([np.arange(N) % 6, np.arange(N) // 6], axis=1).astype(np.float32)
LABELS = np.arange(N) % 3
NAMES = {0: "cat", 1: "dog", 2: "<script>wrong = true</script>"}
FILES = [f"photos/{'cats' if place % 3 == 0 else 'others'}/{place:02}.jpg" for place in range(N)]
IMAGES = np.zeros((N, 8, 6, 3), np.float32)
IMAGES[7, ..., 0] = 1  # one is red

WHERE = """place => {
    const view = [...Bokeh.index.roots][0], {left, top} = view.el.getBoundingClientRect();
    for (const {data_source} of view.model.renderers) {
        const row = Array.from(data_source.data.file).indexOf(place);
        if (row < 0) continue;
        const {x_scale, y_scale} = view.frame;
        return [left + x_scale.compute(data_source.data.x[row]),
                top + y_scale.compute(data_source.data.y[row])];
    }
}"""
"""Where the image of a name is on the screen."""

DRAWN = "() => Bokeh.documents[0].roots()[0].renderers.filter(each => each.visible).length"

SELECTED = (
    "() => Bokeh.documents[0].roots()[0].renderers"
    ".map(each => each.data_source.selected.indices.length)"
)


def render(labels: Labels = LABELS, images: Images = IMAGES) -> str:
    return map_page(POINTS, images, labels, NAMES, FILES, title="A map")


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Return the page in a browser that notes what goes wrong, and what is fetched."""
    if not shutil.which("chromium") and "CI" not in os.environ:
        pytest.skip("there is no chromium")
    file = tmp_path_factory.mktemp("map") / "map.html"
    file.write_text(render())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        tab = browser.new_page()
        tab.set_default_timeout(LONGEST_WAIT)
        expect.set_options(timeout=LONGEST_WAIT)
        problems: list[str] = []
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.on("request", lambda request: problems.append(request.url))
        tab.goto(file.as_uri())
        tab.wait_for_function("() => [...Bokeh.index.roots].length")
        yield tab
        fetched = [problem for problem in problems if not problem.startswith(("file:", "data:"))]
        assert fetched == []
        browser.close()


def hover(tab: Page, file: str) -> None:
    tab.mouse.move(0, 0)
    tab.mouse.move(*tab.evaluate(WHERE, file))


@pytest.mark.slow
def test_an_image_is_shown_where_the_pointer_is(tab: Page, tmp_path: Path) -> None:
    hover(tab, FILES[7])

    shown = tab.locator(".thumbnail")
    expect(shown).to_have_count(1)
    expect(tab.get_by_text(FILES[7])).to_be_visible()
    shown.screenshot(path=tmp_path / "shown.png")
    with Image.open(tmp_path / "shown.png") as image:
        red, green, blue = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
    assert red > 200 > 60 > max(green, blue)
    box = shown.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (90, 120)  # 6 by 8 pixels, larger


def test_names_are_text_whatever_they_hold(tab: Page) -> None:
    assert tab.evaluate("() => typeof wrong") == "undefined"
    hover(tab, FILES[2])

    expect(tab.get_by_text("<script>wrong")).to_be_visible()


def test_images_are_found_by_their_names(tab: Page) -> None:
    tab.get_by_label("Find by name").fill("CATS")

    expect(tab.locator("#found")).to_have_text("10 found")
    assert tab.evaluate(SELECTED) == [10, 0, 0]

    tab.get_by_label("Find by name").fill("")

    expect(tab.locator("#found")).to_have_text(
        f"{N} images; a class is hidden by a click on its name"
    )


def test_a_class_is_hidden_by_a_click_on_its_name(tab: Page) -> None:
    assert tab.evaluate(DRAWN) == 3
    box = tab.evaluate(
        """() => {
            const view = [...Bokeh.index.roots][0], {left, top} = view.el.getBoundingClientRect();
            const legend = view.model.right.find(each => each.type === "Legend");
            const {x0, y0} = [...view.views.all_views()].find(each => each.model === legend).bbox;
            return [left + x0, top + y0];
        }"""
    )

    tab.mouse.click(box[0] + 30, box[1] + 20)

    tab.wait_for_function(f"() => ({DRAWN})() === 2")


def test_the_same_map_is_the_same_to_the_byte() -> None:
    assert render() == render()


def test_without_labels_all_points_are_of_one_kind() -> None:
    page = render(labels=np.full(N, UNLABELLED))

    assert page.count('"name": "Scatter"') * 3 == render().count('"name": "Scatter"')
    assert '"name": "Legend"' not in page


@pytest.mark.slow
def test_ten_thousand_images_are_less_than_5_mb(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    n = 10_000
    smooth = rng.random((n, 7, 7, 1), dtype=np.float32).repeat(4, axis=1).repeat(4, axis=2)

    page = map_page(
        rng.normal(size=(n, 2)).astype(np.float32),
        smooth,
        np.arange(n) % 10,
        {label: str(label) for label in range(10)},
        [f"test/{place}" for place in range(n)],
        title="A map",
    )

    assert len(page.encode()) < 5e6
