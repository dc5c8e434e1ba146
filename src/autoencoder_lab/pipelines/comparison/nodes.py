"""Comparing what the runs of variants hold."""

import logging
from collections.abc import Mapping, Sequence
from typing import TypedDict

import pandas as pd
from PIL.Image import Image

from autoencoder_lab.comparison.champions import Champion, Promotion
from autoencoder_lab.comparison.results import CellResult, choose, differences, made_with
from autoencoder_lab.images import seeds
from autoencoder_lab.images.arrays import Figure, Images, ImageSource, Labels, RawImages
from autoencoder_lab.images.sources import (
    DecodedCodings,
    StoredImages,
    draw_from_prior,
    encode,
)
from autoencoder_lab.parameters import IngestParams, PromotionParams, flatten

logger = logging.getLogger(__name__)

FITTED = 2000
"""Training images, whose codings a mixture is fitted to for the sheet of all variants."""

MIXTURE_SIZE = 10


class Chosen(TypedDict):
    """The results that are compared, and a table of these and the others."""

    compared_cells: Sequence[CellResult]
    cells_table: pd.DataFrame


class Ranked(TypedDict):
    """The differences between variants, and where each stands."""

    differences_table: pd.DataFrame
    leaderboard_table: pd.DataFrame


def choose_cells(
    cell_results: Sequence[CellResult],
    raw_images: RawImages,
    ingest: IngestParams,
    normal_class: str | None,
) -> Chosen:
    """Return the latest finished results that were made from the same; others are named.

    Raises:
        ValueError: No run is finished, or the runs were made from other images than are here now.
    """
    choice = choose(cell_results)
    split_by = {"ingest": ingest, "evaluation": {"normal_class": normal_class}}
    _require_same_images(choice.compared[0], raw_images, split_by)
    for omitted in choice.left_out:
        logger.warning("Left out of the comparison: %s, as %s", omitted.result.name, omitted.reason)
    reasons = {result.run_id: "" for result in choice.compared}
    reasons |= {omitted.result.run_id: omitted.reason for omitted in choice.left_out}
    rows = sorted(
        (
            result.variant,
            result.seed,
            result.status,
            reasons[result.run_id],
            result.run_id,
            result.user,
        )
        for result in (*choice.compared, *(omitted.result for omitted in choice.left_out))
    )
    columns = ["variant", "seed", "status", "left_out_as", "run_id", "user"]
    return Chosen(compared_cells=choice.compared, cells_table=pd.DataFrame(rows, columns=columns))


def tabulate_scores(compared_cells: Sequence[CellResult]) -> pd.DataFrame:
    """Return the contract's metrics by variant, seed and number of labels."""
    from autoencoder_lab.comparison.ranking import tabulate  # SciPy takes its time

    return tabulate(compared_cells)


def rank_variants(scores: pd.DataFrame) -> Ranked:
    """Return paired tests of all pairs of variants, and a leaderboard for each metric."""
    from autoencoder_lab.comparison.ranking import find_differences, rank  # as above

    of_pairs = find_differences(scores)
    return Ranked(differences_table=of_pairs, leaderboard_table=rank(scores, of_pairs))


def measure_pca_curve(
    train_images: StoredImages, test_images: ImageSource, seed: int
) -> pd.DataFrame:
    """Return the error of PCA on the test images by the number of components."""
    from autoencoder_lab.metrics import baselines  # scikit-learn takes a second to import

    [pca_seed] = seeds.derive(seed, "PCA")
    return baselines.pca_curve(train_images, test_images, seed=pca_seed)


def tabulate_noise_transfer(
    compared_cells: Sequence[CellResult], leaderboard: pd.DataFrame
) -> pd.DataFrame:
    """Return the noise removed from each view, and what each variant was trained with."""
    from autoencoder_lab.comparison.ranking import noise_transfer  # as above

    return noise_transfer(compared_cells, leaderboard)


def draw_rate_distortion(leaderboard: pd.DataFrame, pca_curve: pd.DataFrame) -> Figure:
    """Return the error by the size of the codings, with PCA's curve."""
    from autoencoder_lab.comparison.figures import rate_distortion  # matplotlib takes its time

    return rate_distortion(leaderboard, pca_curve)


def draw_time_and_quality(leaderboard: pd.DataFrame) -> Figure:
    """Return the error and the linear probe by the time of the fit."""
    from autoencoder_lab.comparison.figures import time_and_quality  # matplotlib takes its time

    return time_and_quality(leaderboard)


def draw_label_budgets(leaderboard: pd.DataFrame) -> Figure:
    """Return what few labels are worth on each variant, with the baselines."""
    from autoencoder_lab.comparison.figures import label_budgets  # matplotlib takes its time

    return label_budgets(leaderboard)


def draw_noise_transfer(noise_transfer: pd.DataFrame) -> Figure:
    """Return the noise removed by what a variant was trained with, and tested on."""
    from autoencoder_lab.comparison.figures import noise_transfer_table  # matplotlib is slow

    return noise_transfer_table(noise_transfer)


def reconstruct_samples(
    compared_cells: Sequence[CellResult], test_images: ImageSource
) -> dict[str, Images]:
    """Return the same test images as each variant reconstructs them, by the first of its seeds."""
    from autoencoder_lab.figures.images import COLUMNS  # matplotlib takes its time

    shown = test_images[:COLUMNS]
    return {
        variant: result.load_model().predict_on_batch(shown)
        for variant, result in _first_seeds(compared_cells, "test/mse").items()
    }


def sample_variants(
    compared_cells: Sequence[CellResult], train_images: StoredImages
) -> dict[str, ImageSource]:
    """Return samples of each variant that decodes, by the first of its seeds.

    From its own prior, where it has one, and from a mixture that is fitted to few codings.
    """
    from autoencoder_lab.figures.images import COLUMNS  # matplotlib takes its time
    from autoencoder_lab.training.mixtures import fit_mixture  # scikit-learn takes a second

    encoded = train_images.first(FITTED)
    sampled: dict[str, ImageSource] = {}
    for variant, result in _first_seeds(compared_cells, "samples_real/collapsed").items():
        model = result.load_model()
        decoder = model.get_layer("decoder")
        if "samples/collapsed" in result.metrics:
            sampled[f"{variant} (prior)"] = draw_from_prior(decoder, COLUMNS, seed=0)
        if "samples_mixture/collapsed" in result.metrics:
            codings = encode(model.get_layer("encoder"), encoded)
            mixture = fit_mixture(codings, codings, sizes=[MIXTURE_SIZE], seed=0)
            drawn = mixture.draw(COLUMNS, seed=0)
            sampled[f"{variant} (mixture)"] = DecodedCodings(drawn, decoder)
    return dict(sorted(sampled.items()))


def draw_samples_of_variants(sampled_variants: Mapping[str, ImageSource]) -> Figure:
    """Return a row of samples for each variant."""
    from autoencoder_lab.comparison.figures import samples  # matplotlib takes its time

    return samples(sampled_variants)


def _first_seeds(cells: Sequence[CellResult], metric: str) -> dict[str, CellResult]:
    """Return the first of each variant's results that has a metric."""
    first_seeds: dict[str, CellResult] = {}
    for result in cells:
        if metric in result.metrics:
            first_seeds.setdefault(result.variant, result)
    return first_seeds


def draw_reconstructions_of_variants(
    test_images: ImageSource, reconstructed_samples: Mapping[str, Images], leaderboard: pd.DataFrame
) -> Figure:
    """Return the same test images as reconstructed by each variant, that of least error first."""
    from autoencoder_lab.figures.images import image_rows  # matplotlib takes its time

    order = leaderboard.loc[leaderboard["metric"] == "test/mse", "variant"]
    rows: list[tuple[str, ImageSource]] = [("input", test_images)]
    rows += [(variant, reconstructed_samples[variant]) for variant in order]
    return image_rows(rows, title="The same test images, reconstructed by each variant")


def choose_champion(
    compared_cells: Sequence[CellResult],
    champion: Champion | None,
    train_images: StoredImages,
    train_labels: Labels,
    validation_images: StoredImages,
    validation_labels: Labels,
    promotion: PromotionParams,
    normal_class: str | None,
) -> Promotion:
    """Return the best model by a metric on the validation images, and whether it is to be served.

    It is if no model is, or if its variant is better by more than the interval over its seeds; and
    never if it was fitted on a part of the classes alone.
    """
    from autoencoder_lab.comparison import promotion as promotions  # scikit-learn takes a second

    data = promotions.ValidationData(
        train_images, train_labels, validation_images, validation_labels
    )
    return promotions.choose_champion(
        compared_cells, champion, data, promotion.metric, normal_class=normal_class
    )


def record_promotion(candidate: Promotion, champion_afterwards: Champion | None) -> Promotion:
    """Return whether the best model is served, once the champion was to be replaced."""
    from autoencoder_lab.comparison import promotion as promotions  # as above

    return promotions.record_promotion(candidate, champion_afterwards)


class Repetition(TypedDict):
    """How the cells compare with earlier ones: a row each, and in words."""

    repetition_table: pd.DataFrame
    repetition: str


def check_repetition(compared_cells: Sequence[CellResult]) -> Repetition:
    """Return whether the same code, data, parameters and seed gave the same numbers as before."""
    from autoencoder_lab.comparison.repetition import compare_with_earlier, say_how_it_repeats

    cells = compare_with_earlier(compared_cells)
    words = say_how_it_repeats(cells)
    logger.log(logging.WARNING if cells["not_equal"].any() else logging.INFO, "%s", words)
    return Repetition(repetition_table=cells, repetition=words)


def write_report(
    compared_cells: Sequence[CellResult],
    cells_table: pd.DataFrame,
    leaderboard: pd.DataFrame,
    promotion: Promotion,
    repetition: str,
    rate_distortion: Image,
    label_budgets: Image,
    noise_transfer: Image,
    reconstructions: Image,
    samples: Image,
    time_and_quality: Image,
) -> str:
    """Return the comparison as one page of HTML, with its figures inside."""
    from autoencoder_lab.comparison.report.page import render  # Jinja takes its time

    [best] = [result for result in compared_cells if result.run_id == promotion["run_id"]]
    return render(
        compared_cells,
        cells_table,
        leaderboard,
        promotion,
        repetition,
        {
            "rate_distortion": rate_distortion,
            "label_budgets": label_budgets,
            "noise_transfer": noise_transfer,
            "reconstructions": reconstructions,
            "samples": samples,
            "time_and_quality": time_and_quality,
        },
        best.load_map(),
    )


def _require_same_images(
    result: CellResult, raw_images: RawImages, split_by: Mapping[str, object]
) -> None:
    facts = {**result.made_with, **result.parameters}
    now = made_with({"data_digest": raw_images.sha256})
    # What runs do not have is newer than they are.
    now |= {key: str(value) for key, value in flatten(split_by).items() if key in facts}
    then = {key: facts[key] for key in now if key in facts}
    if difference := differences(then, now):
        raise ValueError(
            f"the runs to compare, as {result.name}, were made from other images: {difference} "
            "now. Set it as it was, or train again"
        )
