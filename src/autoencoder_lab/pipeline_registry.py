"""The pipelines that `kedro run --pipelines=…` knows by name."""

from kedro.pipeline import Pipeline

from autoencoder_lab.pipelines import (
    comparison,
    corruption,
    evaluation,
    few_labels,
    ingest,
    pretraining,
    samples,
    training,
)
from autoencoder_lab.session.variants import asks_for_few_labels, find_variants


def register_pipelines() -> dict[str, Pipeline]:
    """Return the shared stages, every variant from raw images to results, and all of it."""
    stages = {
        "ingest": ingest.create_pipeline(),
        "corruption": ingest.create_pipeline() + corruption.create_pipeline(),
        "comparison": ingest.create_pipeline() + comparison.create_pipeline(),
    }
    names = find_variants()
    variants = {
        variant: stages["corruption"]
        + training.create_pipeline(variant, names.capabilities[variant])
        + evaluation.create_pipeline(variant, names.capabilities[variant])
        + samples.create_pipeline(variant, names.capabilities[variant])
        + pretraining.create_pipeline(
            variant, names.capabilities[variant], architecture=names.architectures[variant]
        )
        for variant in (*names.base, *names.own)
    }
    if asks_for_few_labels():
        for variant in variants:
            variants[variant] += few_labels.create_pipeline(variant, names.capabilities[variant])
    every = sum((variants[variant] for variant in names.base), stages["comparison"])
    return {"__default__": every, **stages, **variants}
