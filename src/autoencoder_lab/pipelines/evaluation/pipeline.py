"""Evaluation: the same nodes for every variant, in a namespace of the variant's name.

It is split by what it needs, so that a model can have one part and not the other.
"""

from kedro.pipeline import Node, Pipeline

from autoencoder_lab.parameters import Capability

from .nodes import (
    Encoded,
    Measured,
    Reconstructed,
    draw_activity,
    draw_denoising,
    draw_errors,
    draw_filters,
    draw_map,
    draw_map_page,
    draw_reconstructions,
    draw_walk,
    encode_images,
    map_codings,
    measure_anomalies,
    measure_baseline,
    measure_classifier,
    measure_codings,
    measure_denoising,
    measure_likelihood,
    measure_map,
    measure_reconstructions,
    reconstruct_images,
)

SHARED = {
    "raw_images",
    "train_images",
    "train_labels",
    "validation_images",
    "validation_labels",
    "test_images",
    "test_labels",
    "test_anomalies",
    "test_views",
    "class_names",
    "has_classes",
}
PARAMETERS = {"params:evaluation", "params:ingest.split_seed", "params:seed"}
VIEWS = ["test_images", "test_views", "denoised_views"]
RECONSTRUCTIONS = ["test_images", "reconstructions"]


def create_pipeline(variant: str, capabilities: frozenset[Capability]) -> Pipeline:
    """Return the evaluation of `<variant>.model` on the test images: of what it can do."""
    measured = Pipeline([])
    if "encoder" in capabilities:
        measured += _of_codings()
    if {"encoder", "decoder"} <= capabilities:
        measured += _of_reconstructions()
    if "posterior" in capabilities:
        measured += _of_distributions()
    if "classifier" in capabilities:
        measured += _of_classes()
    return Pipeline(
        measured,
        namespace=variant,
        inputs=SHARED & measured.inputs(),
        parameters=PARAMETERS & measured.inputs(),
    )


def _of_reconstructions() -> Pipeline:
    """Return what needs reconstructions, or decodes other codings."""
    return Pipeline(
        [
            Node(
                reconstruct_images,
                inputs=["model", "validation_images", "test_images", "test_views"],
                outputs={name: name for name in Reconstructed.__annotations__},
                name="reconstruct_images",
            ),
            Node(
                measure_reconstructions,
                inputs=["validation_images", "validation_reconstructions", *RECONSTRUCTIONS],
                outputs={name: name for name in Measured.__annotations__},
                name="measure_reconstructions",
            ),
            Node(
                draw_reconstructions,
                inputs=RECONSTRUCTIONS,
                outputs="reconstructions_figure",
                name="draw_reconstructions",
            ),
            Node(
                measure_anomalies,
                inputs=["test_errors", "test_anomalies"],
                outputs="anomaly_metrics",
                name="measure_anomalies",
            ),
            Node(
                draw_errors,
                inputs=["test_errors", "test_anomalies", *RECONSTRUCTIONS],
                outputs="errors_figure",
                name="draw_errors",
            ),
            Node(
                measure_denoising,
                inputs=VIEWS,
                outputs="denoising_metrics",
                name="measure_denoising",
            ),
            Node(draw_denoising, inputs=VIEWS, outputs="denoising_figure", name="draw_denoising"),
            Node(
                measure_baseline,
                inputs=["train_images", "test_images", "codings", "params:seed"],
                outputs="baseline_metrics",
                name="measure_baseline",
            ),
            Node(
                draw_walk,
                inputs=["model", "test_images", "codings", "test_labels", "class_names"],
                outputs="walk_figure",
                name="draw_walk",
            ),
        ]
    )


def _of_distributions() -> Pipeline:
    """Return what needs an encoder of distributions."""
    return Pipeline(
        [
            Node(
                measure_likelihood,
                inputs=[
                    "model",
                    "log_variance",
                    "test_images",
                    "params:ingest.split_seed",
                    "params:seed",
                ],
                outputs="likelihood_metrics",
                name="measure_likelihood",
            ),
        ]
    )


def _of_classes() -> Pipeline:
    """Return what needs a classifier."""
    return Pipeline(
        [
            Node(
                measure_classifier,
                inputs=[
                    "model",
                    "train_labels",
                    "validation_images",
                    "validation_labels",
                    "test_images",
                    "test_labels",
                ],
                outputs="classifier_metrics",
                name="measure_classifier",
            ),
        ]
    )


def _of_codings() -> Pipeline:
    """Return what needs an encoder."""
    return Pipeline(
        [
            Node(
                encode_images,
                inputs=["model", "train_images", "validation_images", "test_images"],
                outputs={name: name for name in Encoded.__annotations__},
                name="encode_images",
            ),
            Node(
                measure_codings,
                inputs=[
                    "train_codings",
                    "train_labels",
                    "validation_codings",
                    "validation_labels",
                    "codings",
                    "test_labels",
                    "has_classes",
                    "params:seed",
                ],
                outputs="codings_metrics",
                name="measure_codings",
            ),
            Node(draw_filters, inputs="model", outputs="filters_figure", name="draw_filters"),
            Node(draw_activity, inputs="codings", outputs="activity_figure", name="draw_activity"),
            Node(
                map_codings,
                inputs=["codings", "params:evaluation", "params:seed"],
                outputs="codings_map",
                name="map_codings",
            ),
            Node(
                measure_map,
                inputs=["codings", "codings_map", "test_labels"],
                outputs="map_metrics",
                name="measure_map",
            ),
            Node(
                draw_map,
                inputs=["codings_map", "test_images", "test_labels", "class_names"],
                outputs="map_figure",
                name="draw_map",
            ),
            Node(
                draw_map_page,
                inputs=["codings_map", "raw_images", "test_images", "test_labels", "class_names"],
                outputs="map_page",
                name="draw_map_page",
            ),
        ]
    )
