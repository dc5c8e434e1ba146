import base64
import html
import io
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from autoencoder_lab.comparison.champions import Promotion
from autoencoder_lab.comparison.ranking import find_differences, rank
from autoencoder_lab.comparison.report.page import CAPTIONS, render
from autoencoder_lab.comparison.results import CellResult

FIGURES = {name: Image.new("RGB", (7 + n, 5), "white") for n, name in enumerate(CAPTIONS)}
SAMPLES = (
    ("samples_real/frechet", 0.0),
    ("samples_mixture/frechet", 7.0),
    ("samples_reconstructed/frechet", 3.0),
    ("samples_reconstructed/coverage", 0.9),
)

MAP = '<p title="of codings">A map</p>'

CELLS = pd.DataFrame(
    {
        "variant": ["tied", "linear", "<b>own</b>"],
        "seed": [1, 1, 1],
        "left_out_as": [np.nan, np.nan, "its run is FAILED"],
    }
)

PROMOTION = Promotion(
    metric="validation/mse",
    variant="tied",
    seed=2,
    run_id="",
    score=0.1234,
    interval=0.01,
    seeds=3,
    champion="version 1 (linear, seed 1)",
    champion_version="1",
    champion_score=0.2,
    is_promoted=True,
    reason="better than <the> champion",
)

Render = Callable[..., str]


@pytest.fixture
def page(cell_result: CellResult) -> Render:
    """Return what renders the page of two variants with some seeds, or of the first."""

    def render_page(
        seeds: list[int], n_variants: int = 2, without_mse: str = "", user_of_linear: str = "anna"
    ) -> str:
        variants = [("tied", 0.1), ("linear", 0.2)][:n_variants]
        rng = np.random.default_rng(0)
        scores = pd.DataFrame(
            [
                {
                    "variant": variant,
                    "seed": seed,
                    "metric": metric,
                    "labels": labels,
                    "value": base + mean + rng.normal(0, 0.001),
                }
                for variant, mean in variants
                for metric, labels, base in (
                    ("test/mse", 0, 0),
                    ("pretraining/gain", 100, 0),
                    *((key, 0, base) for key, base in SAMPLES),
                )
                for seed in seeds
                if (variant, metric) != (without_mse, "test/mse")
            ]
        )
        results = [
            replace(cell_result, run_key="november", variant=variant, seed=seed, user=user)
            for (variant, _), user in zip(variants, ("anna", user_of_linear), strict=False)
            for seed in seeds
        ]
        leaderboard = rank(scores, find_differences(scores))
        promotion = PROMOTION if len(seeds) > 1 else {**PROMOTION, "interval": None}
        return render(results, CELLS, leaderboard, promotion, "Equal to monday.", FIGURES, MAP)

    return render_page


class Page(HTMLParser):
    """The text of a page, and what it loads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.open, self.loads = "", [], []
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.feed(html)
        self.text = re.sub(r"\s+", " ", self.text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attributes]
        if tag not in {"meta", "img", "link"}:
            self.open.append(tag)
        self.loads += [value for key, value in attributes if key in {"src", "href"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_and_loads_nothing(page: Render) -> None:
    html = page([1, 2, 3])

    shown = Page(html)
    assert shown.open == []
    assert len(shown.loads) == len(FIGURES)
    assert all(address.startswith("data:image/png;base64,") for address in shown.loads)
    images = [
        Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
        for address in shown.loads
    ]
    assert [image.size for image in images] == [FIGURES[name].size for name in CAPTIONS]
    assert not re.search(r"https?://|@import|url\(", html)


def test_the_page_says_who_ran_what_where_several_did(page: Render) -> None:
    assert "run by anna (tied) and ben (linear);" in Page(page([1, 2], user_of_linear="ben")).text
    assert "run by" not in Page(page([1, 2])).text


def test_the_page_says_what_was_compared_and_which_differences_are_real(page: Render) -> None:
    text = Page(page([1, 2, 3])).text

    assert "Variants on digits, november" in text
    assert "2 variants, 3 seeds (1, 2 and 3)" in text
    assert "data 1a2b3c4d, commit 5e6f7a8b" in text
    assert re.search(r"MSE ↓: tied is best, 0\.\d+ ± 0\.\d+\. Its lead over linear is real\.", text)
    assert re.search(r"pretraining gain 100 labels ↑: linear is best", text)


def test_samples_stand_beside_what_can_be_reached(page: Render) -> None:
    text = Page(page([4])).text

    table = text.partition(" Samples ")[2].partition("Beside test images")[0]
    rows = [
        "variantimagesFréchet ↓coverage ↑",
        "training imagesreal0.20",
        "linearmixture7.20",
        "linearreconstructed3.201.10",
        "tiedmixture7.10",
        "tiedreconstructed3.101.00",
    ]
    assert table.strip() == " ".join(rows)


def test_a_variant_that_does_not_reconstruct_has_a_row_with_empty_cells(page: Render) -> None:
    text = Page(page([4], without_mse="linear")).text

    table = text.partition("Leaderboard")[2].partition("Best")[0]
    assert re.search(r"tied1 ?0\.\d+", table)
    assert re.search(r"linear1 ?7\.20", table), table


def test_one_seed_has_no_intervals_and_the_page_says_so(page: Render) -> None:
    text = Page(page([4])).text

    assert "There is one seed only, so there are no intervals" in text
    assert "±" not in text.partition("Figures")[0]
    assert "is real" not in text


def test_one_variant_has_nothing_to_be_compared_with(page: Render) -> None:
    text = Page(page([1, 2], n_variants=1)).text

    assert "There is one variant only" in text
    assert "1 variant, 2 seeds (1 and 2)" in text


def test_a_cell_that_is_left_out_has_a_row_with_its_reason_and_its_name_as_text(
    page: Render,
) -> None:
    html = page([1, 2])

    assert "<b>own</b>" not in html
    assert re.search(r"<b>own</b>\s*1\s*its run is FAILED", Page(html).text)


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "\"><img src=x onerror='a()'>"])
def test_whatever_names_and_words_hold_stays_text(cell_result: CellResult, hostile: str) -> None:
    scores = pd.DataFrame(
        {"variant": variant, "seed": seed, "metric": "test/mse", "labels": 0, "value": value}
        for variant, value in ((hostile, 0.1), ("tied", 0.2))
        for seed in (1, 2)
    )
    result = replace(
        cell_result, dataset=hostile, variant=hostile, run_key=hostile, made_with={hostile: hostile}
    )
    words = {name: hostile for name in ("variant", "champion", "reason")}
    cells = pd.DataFrame({"variant": [hostile], "seed": [1], "left_out_as": [hostile]})
    leaderboard = rank(scores, find_differences(scores))

    html = render([result], cells, leaderboard, {**PROMOTION, **words}, hostile, FIGURES, MAP)

    page = Page(html)
    assert hostile not in html
    assert page.text.count(hostile) > 8
    assert "script" not in page.tags
    assert page.tags.count("img") == len(FIGURES)
    assert not [name for name in page.attributes if name.startswith("on")]


def test_the_page_says_which_model_is_served_and_why_and_how_it_repeats(page: Render) -> None:
    text = Page(page([1, 2])).text

    assert (
        "The best model by MSE, validation is tied, seed 2: 0.123 ± 0.010 over its 3 seeds." in text
    )
    assert "It becomes autoencoder-digits@champion: better than <the> champion." in text
    assert "Equal to monday." in text


def test_the_map_of_the_best_model_is_a_page_within_it_that_reaches_nothing(page: Render) -> None:
    [frame] = re.findall(r"<iframe [^>]*>", page([1, 2]))

    assert html.unescape(frame.partition('srcdoc="')[2].partition('"')[0]) == MAP
    assert 'sandbox="allow-scripts"' in frame
