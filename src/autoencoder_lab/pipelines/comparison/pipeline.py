"""Comparison: what the runs of a data set's cells hold, once all variants are done."""

from kedro.pipeline import Node, Pipeline

from autoencoder_lab.cells.graph import AFTER_VARIANTS

from .nodes import (
    Chosen,
    Ranked,
    Repetition,
    check_repetition,
    choose_cells,
    choose_champion,
    draw_label_budgets,
    draw_noise_transfer,
    draw_rate_distortion,
    draw_reconstructions_of_variants,
    draw_samples_of_variants,
    draw_time_and_quality,
    measure_pca_curve,
    rank_variants,
    reconstruct_samples,
    record_promotion,
    sample_variants,
    tabulate_noise_transfer,
    tabulate_scores,
    write_report,
)

FIGURES = (
    "rate_distortion",
    "label_budgets",
    "noise_transfer",
    "reconstructions",
    "samples",
    "time_and_quality",
)


def create_pipeline() -> Pipeline:
    """Return the comparison of `cell_results`, from which results to the report."""
    return Pipeline(_tables() + _figures() + _report(), tags=AFTER_VARIANTS)


def _tables() -> Pipeline:
    return Pipeline(
        [
            Node(
                choose_cells,
                inputs=[
                    "cell_results",
                    "raw_images",
                    "params:ingest",
                    "params:evaluation.normal_class",
                ],
                outputs={name: name for name in Chosen.__annotations__},
                name="choose_cells",
            ),
            Node(
                tabulate_scores,
                inputs="compared_cells",
                outputs="scores_table",
                name="tabulate_scores",
            ),
            Node(
                rank_variants,
                inputs="scores_table",
                outputs={name: name for name in Ranked.__annotations__},
                name="rank_variants",
            ),
            Node(
                measure_pca_curve,
                inputs=["train_images", "test_images", "params:seed"],
                outputs="pca_curve_table",
                name="measure_pca_curve",
            ),
            Node(
                tabulate_noise_transfer,
                inputs=["compared_cells", "leaderboard_table"],
                outputs="noise_transfer_table",
                name="tabulate_noise_transfer",
            ),
            Node(
                choose_champion,
                inputs=[
                    "compared_cells",
                    "champion",
                    "train_images",
                    "train_labels",
                    "validation_images",
                    "validation_labels",
                    "params:promotion",
                    "params:evaluation.normal_class",
                ],
                outputs="candidate",
                name="choose_champion",
            ),
            Node(
                record_promotion,
                inputs=["candidate", "champion_afterwards"],
                outputs="promotion",
                name="record_promotion",
            ),
            Node(
                check_repetition,
                inputs="compared_cells",
                outputs={name: name for name in Repetition.__annotations__},
                name="check_repetition",
            ),
            Node(
                reconstruct_samples,
                inputs=["compared_cells", "test_images"],
                outputs="reconstructed_samples",
                name="reconstruct_samples",
            ),
        ]
    )


def _figures() -> Pipeline:
    return Pipeline(
        [
            Node(
                draw_rate_distortion,
                inputs=["leaderboard_table", "pca_curve_table"],
                outputs="rate_distortion_of_variants@figure",
                name="draw_rate_distortion",
            ),
            Node(
                draw_label_budgets,
                inputs="leaderboard_table",
                outputs="label_budgets_of_variants@figure",
                name="draw_label_budgets",
            ),
            Node(
                draw_noise_transfer,
                inputs="noise_transfer_table",
                outputs="noise_transfer_of_variants@figure",
                name="draw_noise_transfer",
            ),
            Node(
                draw_reconstructions_of_variants,
                inputs=["test_images", "reconstructed_samples", "leaderboard_table"],
                outputs="reconstructions_of_variants@figure",
                name="draw_reconstructions_of_variants",
            ),
            Node(
                sample_variants,
                inputs=["compared_cells", "train_images"],
                outputs="sampled_variants",
                name="sample_variants",
            ),
            Node(
                draw_samples_of_variants,
                inputs="sampled_variants",
                outputs="samples_of_variants@figure",
                name="draw_samples_of_variants",
            ),
            Node(
                draw_time_and_quality,
                inputs="leaderboard_table",
                outputs="time_and_quality_of_variants@figure",
                name="draw_time_and_quality",
            ),
        ]
    )


def _report() -> Pipeline:
    images = [f"{figure}_of_variants@image" for figure in FIGURES]
    return Pipeline(
        [
            Node(
                write_report,
                inputs=[
                    "compared_cells",
                    "cells_table",
                    "leaderboard_table",
                    "promotion",
                    "repetition",
                    *images,
                ],
                outputs="report",
                name="write_report",
            )
        ]
    )
