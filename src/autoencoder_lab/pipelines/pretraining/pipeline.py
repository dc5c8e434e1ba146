"""Pretraining: the same nodes for every variant, in a namespace of the variant's name."""

from kedro.pipeline import Node, Pipeline

from .nodes import compare_pretraining, draw_pretraining


def create_pipeline(variant: str) -> Pipeline:
    """Return the comparison of classifiers with and without the encoder of `<variant>.model`."""
    images_and_labels = ["train_images", "train_labels", "test_images", "test_labels"]
    return Pipeline(
        [
            Node(
                compare_pretraining,
                inputs=[
                    "model",
                    *images_and_labels,
                    "params:variant",
                    "params:pretraining",
                    "params:seed",
                ],
                outputs="pretraining_scores",
                name="compare_pretraining",
            ),
            Node(
                draw_pretraining,
                inputs="pretraining_scores",
                outputs="pretraining_figure",
                name="draw_pretraining",
            ),
        ],
        namespace=variant,
        inputs=set(images_and_labels),
        parameters={
            "params:variant": f"params:{variant}",
            "params:pretraining": "params:pretraining",
            "params:seed": "params:seed",
        },
    )
