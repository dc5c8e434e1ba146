"""Ingest: raw images to splits that all variants share."""

from kedro.pipeline import Node, Pipeline

from .nodes import Splits, describe_data, draw_samples, split_images


def create_pipeline() -> Pipeline:
    """Return the splitting and description of `raw_images`."""
    splits = list(Splits.__annotations__)
    return Pipeline(
        [
            Node(
                split_images,
                inputs=["raw_images", "params:ingest", "params:evaluation.normal_class"],
                outputs={name: name for name in splits},
                name="split_images",
            ),
            Node(
                describe_data,
                inputs=["raw_images", *splits],
                outputs="data_summary",
                name="describe_data",
            ),
            Node(
                draw_samples,
                inputs=["train_images", "train_labels", "class_names"],
                outputs="samples_figure",
                name="draw_samples",
            ),
        ]
    )
