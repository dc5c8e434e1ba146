"""Pretraining: the labels that are used, and the same nodes in a namespace for every variant."""

from kedro.pipeline import Node, Pipeline

from autoencoder_lab.parameters import Capability

from .nodes import (
    Compared,
    choose_labels,
    compare_pretraining,
    draw_pretraining,
    encode_by_pca,
    fit_pretrained,
    fit_untrained,
    measure_pca,
    measure_pixels,
    spread_labels,
)

IMAGES_AND_LABELS = ["train_images", "train_labels", "test_images", "test_labels", "label_draws"]

SHARED = ["pca_codings", "pixel_accuracies", "pca_accuracies"]
"""What does not depend on the variant."""


def create_pipeline(
    variant: str, capabilities: frozenset[Capability], *, architecture: str
) -> Pipeline:
    """Return the comparison of classifiers with and without the encoder of `<variant>.model`.

    Args:
        variant: The namespace.
        capabilities: Of the variant; without an encoder, there is nothing to compare.
        architecture: Of the encoder; variants of one share what it gives untrained.
    """
    if "encoder" not in capabilities:
        return Pipeline([])
    return _without_encoder() + _with_encoder(variant, architecture)


def _without_encoder() -> Pipeline:
    """Return what does not depend on the variant: the labels, and what they give without one."""
    return Pipeline(
        [
            Node(
                choose_labels,
                inputs=["train_labels", "has_classes", "params:pretraining", "params:seed"],
                outputs="label_draws",
                name="choose_labels",
            ),
            Node(
                measure_pixels,
                inputs=IMAGES_AND_LABELS,
                outputs="pixel_accuracies",
                name="measure_pixels",
            ),
            Node(
                encode_by_pca,
                inputs=[
                    "train_images",
                    "test_images",
                    "label_draws",
                    "params:pretraining",
                    "params:seed",
                ],
                outputs="pca_codings",
                name="encode_by_pca",
            ),
            Node(
                measure_pca,
                inputs=["pca_codings", "train_labels", "test_labels", "label_draws"],
                outputs="pca_accuracies",
                name="measure_pca",
            ),
        ]
    )


def _with_encoder(variant: str, architecture: str) -> Pipeline:
    untrained_accuracies = f"untrained_accuracies_of_{architecture}"
    return Pipeline(
        [
            Node(
                fit_untrained,
                inputs=[*IMAGES_AND_LABELS, "params:variant.model", "params:pretraining"],
                outputs=untrained_accuracies,
                name="fit_untrained",
            ),
            Node(
                fit_pretrained,
                inputs=["model", *IMAGES_AND_LABELS, "params:pretraining"],
                outputs="pretrained_accuracies",
                name="fit_pretrained",
            ),
            Node(
                spread_labels,
                inputs=[
                    "train_codings",
                    "train_labels",
                    "codings",
                    "test_labels",
                    "pca_codings",
                    "label_draws",
                ],
                outputs="spread_accuracies",
                name="spread_labels",
            ),
            Node(
                compare_pretraining,
                inputs=[
                    untrained_accuracies,
                    "pretrained_accuracies",
                    "spread_accuracies",
                    "pixel_accuracies",
                    "pca_accuracies",
                ],
                outputs={name: name for name in Compared.__annotations__},
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
        inputs={*IMAGES_AND_LABELS, *SHARED},
        parameters={
            "params:variant.model": f"params:{variant}.model",
            "params:pretraining": "params:pretraining",
        },
    )
