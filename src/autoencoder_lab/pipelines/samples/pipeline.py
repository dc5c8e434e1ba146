"""Samples: from a variant's own prior, and from a mixture that is fitted to its codings."""

from kedro.pipeline import Node, Pipeline

from autoencoder_lab.parameters import Capability

from .nodes import (
    MixtureSamples,
    describe_real_images,
    draw_mixture_samples,
    draw_nearest,
    draw_prior_samples,
    measure_mixture_samples,
    measure_prior_samples,
    measure_real_images,
    measure_reconstructed_samples,
    note_real_images,
    sample_mixture,
    sample_prior,
    train_judge,
)

SHARED = {
    "judge",
    "real_features",
    "real_samples",
    "train_images",
    "class_names",
}
PARAMETERS = {"params:samples", "params:seed"}
REAL = ["judge", "real_features"]
SHEET = [*REAL, "class_names"]
SPLIT_SEED = "params:ingest.split_seed"


def create_pipeline(variant: str, capabilities: frozenset[Capability]) -> Pipeline:
    """Return the samples of `<variant>.model`, and what judges them: of what can generate."""
    if "decoder" not in capabilities:
        return Pipeline([])
    drawn = _floor()
    if "encoder" in capabilities:
        drawn += _from_mixture()
    if "prior" in capabilities:
        drawn += _from_prior()
    if {"encoder", "prior"} & capabilities:
        drawn += _nearest("samples" if "prior" in capabilities else "mixture_samples")
    return _judge() + Pipeline(
        drawn,
        namespace=variant,
        inputs=SHARED & drawn.inputs(),
        parameters=PARAMETERS & drawn.inputs(),
    )


def _judge() -> Pipeline:
    return Pipeline(
        [
            Node(
                train_judge,
                inputs=[
                    "train_images",
                    "train_labels",
                    "has_classes",
                    "params:samples",
                    SPLIT_SEED,
                ],
                outputs="judge",
                name="train_judge",
            ),
            Node(
                describe_real_images,
                inputs=[
                    "judge",
                    "train_images",
                    "train_labels",
                    "test_images",
                    "test_labels",
                    "test_anomalies",
                    "params:samples",
                    SPLIT_SEED,
                ],
                outputs="real_features",
                name="describe_real_images",
            ),
            Node(
                measure_real_images,
                inputs=["train_images", *REAL, "params:samples"],
                outputs="real_samples",
                name="measure_real_images",
            ),
        ]
    )


def _from_prior() -> Pipeline:
    return Pipeline(
        [
            Node(
                sample_prior,
                inputs=["model", "params:samples", "params:seed"],
                outputs="samples",
                name="sample_prior",
            ),
            Node(
                measure_prior_samples,
                inputs=["samples", *REAL],
                outputs="samples_metrics",
                name="measure_prior_samples",
            ),
            Node(
                draw_prior_samples,
                inputs=["samples", *SHEET],
                outputs="prior_samples_figure",
                name="draw_prior_samples",
            ),
        ]
    )


def _from_mixture() -> Pipeline:
    return Pipeline(
        [
            Node(
                sample_mixture,
                inputs=[
                    "model",
                    "train_codings",
                    "validation_codings",
                    "params:samples",
                    "params:seed",
                ],
                outputs={name: name for name in MixtureSamples.__annotations__},
                name="sample_mixture",
            ),
            Node(
                measure_mixture_samples,
                inputs=["mixture_samples", "mixture_size", *REAL],
                outputs="samples_mixture_metrics",
                name="measure_mixture_samples",
            ),
            Node(
                draw_mixture_samples,
                inputs=["mixture_samples", *SHEET],
                outputs="mixture_samples_figure",
                name="draw_mixture_samples",
            ),
            Node(
                measure_reconstructed_samples,
                inputs=["model", "train_images", *REAL, "params:samples"],
                outputs="samples_reconstructed_metrics",
                name="measure_reconstructed_samples",
            ),
        ]
    )


def _floor() -> Pipeline:
    return Pipeline(
        [
            Node(
                note_real_images,
                inputs="real_samples",
                outputs="samples_real_metrics",
                name="note_real_images",
            ),
        ]
    )


def _nearest(samples: str) -> Pipeline:
    return Pipeline(
        [
            Node(
                draw_nearest,
                inputs=[samples, *REAL, "train_images"],
                outputs="nearest_figure",
                name="draw_nearest",
            ),
        ]
    )
