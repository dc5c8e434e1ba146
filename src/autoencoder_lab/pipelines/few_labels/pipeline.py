"""Few labels: a network beside each variant with an encoder, where the parameters ask for it."""

from kedro.pipeline import Node, Pipeline

from autoencoder_lab.parameters import Capability

from .nodes import (
    Compared,
    compare_few_labels,
    draw_few_labels,
    train_on_labels_alone,
    train_on_pseudo_labels,
    train_without_shifts,
)

IMAGES_AND_LABELS = ["train_images", "train_labels", "test_images", "test_labels", "label_draws"]
VALIDATION = ["validation_images", "validation_labels"]
SHARED = ["pca_codings", "labels_alone_accuracies"]


def create_pipeline(variant: str, capabilities: frozenset[Capability]) -> Pipeline:
    """Return what few labels give that spread over the codings of a variant with an encoder."""
    if "encoder" not in capabilities:
        return Pipeline([])
    return _without_encoder() + _with_encoder(variant)


def _without_encoder() -> Pipeline:
    return Pipeline(
        [
            Node(
                train_on_labels_alone,
                inputs=[*IMAGES_AND_LABELS, "params:few_labels"],
                outputs="labels_alone_accuracies",
                name="train_on_labels_alone",
            )
        ]
    )


def _with_encoder(variant: str) -> Pipeline:
    spread = {
        **{name: name for name in (*IMAGES_AND_LABELS, "train_codings", "pca_codings")},
        "params": "params:few_labels",
    }
    return Pipeline(
        [
            Node(
                train_on_pseudo_labels,
                inputs=spread | {name: name for name in VALIDATION},
                outputs="pseudo_labelled_accuracies",
                name="train_on_pseudo_labels",
            ),
            Node(
                train_without_shifts,
                inputs=spread,
                outputs="unshifted_accuracies",
                name="train_without_shifts",
            ),
            Node(
                compare_few_labels,
                inputs=[
                    "pseudo_labelled_accuracies",
                    "unshifted_accuracies",
                    "labels_alone_accuracies",
                ],
                outputs={name: name for name in Compared.__annotations__},
                name="compare_few_labels",
            ),
            Node(
                draw_few_labels,
                inputs=["few_labels_draws", "pretraining_draws"],
                outputs="few_labels_figure",
                name="draw_few_labels",
            ),
        ],
        namespace=variant,
        inputs={*IMAGES_AND_LABELS, *VALIDATION, *SHARED},
        parameters={"params:few_labels": "params:few_labels"},
    )
