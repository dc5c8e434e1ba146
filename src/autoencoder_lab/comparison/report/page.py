"""One page of HTML with everything inside: words, tables and figures."""

import base64
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy import nan
from PIL.Image import Image

from autoencoder_lab.comparison.champions import Promotion
from autoencoder_lab.comparison.results import CellResult
from autoencoder_lab.metrics import contract

from .numbers import decimals_of, listed, written
from .tables import boards, overview, samples, variants_in

CAPTIONS = {
    "rate_distortion": "Error by the size of the codings, with PCA's curve.",
    "reconstructions": "The same test images as each variant reconstructs them, by its first seed.",
    "samples": "Images of drawn codings: by a prior, and by a mixture fitted to the codings.",
    "noise_transfer": "What a variant was trained with, and the noise that it was tested on.",
    "label_budgets": "What few labels are worth, with baselines that need no autoencoder.",
    "time_and_quality": "What the time of a fit buys.",
}
"""What each figure shows, in the page's order."""


def render(
    results: Sequence[CellResult],
    cells: pd.DataFrame,
    leaderboard: pd.DataFrame,
    promotion: Promotion,
    repetition: str,
    figures: Mapping[str, Image],
    map_page: str,
) -> str:
    """Return a comparison as a page.

    Args:
        results: Those that are compared.
        cells: All cells: `variant`, `seed`, `left_out_as`.
        leaderboard: As `comparison.ranking.rank` returns it.
        promotion: The best model, and whether it is served.
        repetition: How the results compare with earlier ones, in words.
        figures: By the names in `CAPTIONS`.
        map_page: With the codings of the best model; empty for none.
    """
    environment = Environment(
        loader=PackageLoader(__package__, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    seeds = sorted({result.seed for result in results})
    shown = overview(leaderboard)
    return environment.get_template("page.html").render(
        dataset=results[0].dataset,
        run_key=results[0].run_key,
        date=f"{datetime.fromtimestamp(max(r.ended for r in results) / 1000, UTC):%Y-%m-%d}",
        made_with=results[0].made_with,
        people=_who_ran_what(results),
        variants=sorted({result.variant for result in results}),
        seeds=listed(map(str, seeds)),
        n_seeds=len(seeds),
        is_tested=leaderboard["standing"].isin({"worse", "no clear difference"}).any(),
        overview=shown,
        seeds_of=variants_in(shown),
        boards=boards(leaderboard),
        samples=samples(leaderboard),
        meanings={key: contract.find(key).meaning for key in set(leaderboard["metric"])},
        promotion=promotion,
        promotion_metric=contract.find(promotion["metric"]).name,
        promotion_score=written(
            promotion["score"], promotion["interval"] or nan, decimals_of([promotion["score"]])
        ),
        repetition=repetition,
        left_out=cells.dropna(subset="left_out_as").to_dict("records"),
        figures=[(caption, _as_data(figures[name])) for name, caption in CAPTIONS.items()],
        map_page=map_page,
    )


def _who_ran_what(results: Sequence[CellResult]) -> str:
    """Return whose variants are compared, in words; nothing where they are all of one person."""
    variants: dict[str, set[str]] = {}
    for result in results:
        variants.setdefault(result.user or "unknown", set()).add(result.variant)
    if len(variants) == 1:
        return ""
    return listed(f"{user} ({', '.join(sorted(own))})" for user, own in sorted(variants.items()))


def _as_data(image: Image) -> str:
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
