"""Corruption: the fixed views that every variant has to denoise."""

from kedro.pipeline import Node, Pipeline

from .nodes import corrupt_images, draw_views


def create_pipeline() -> Pipeline:
    """Return the corruption of `test_images` to `test_views`."""
    return Pipeline(
        [
            Node(
                corrupt_images,
                inputs=["test_images", "params:corruption", "params:ingest.split_seed"],
                outputs="test_views",
                name="corrupt_images",
            ),
            Node(
                draw_views,
                inputs=["test_images", "test_views"],
                outputs="views_figure",
                name="draw_views",
            ),
        ]
    )
