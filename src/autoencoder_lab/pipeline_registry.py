"""The pipelines that `kedro run --pipelines=…` knows by name."""

from kedro.pipeline import Pipeline

from autoencoder_lab.parameters import VARIANTS
from autoencoder_lab.pipelines import (
    corruption,
    evaluation,
    ingest,
    pretraining,
    training,
)


def register_pipelines() -> dict[str, Pipeline]:
    """Return the shared stages, every variant from raw images to results, and all variants."""
    stages = {
        "ingest": ingest.create_pipeline(),
        "corruption": ingest.create_pipeline() + corruption.create_pipeline(),
    }
    variants = {
        variant: stages["corruption"]
        + training.create_pipeline(variant)
        + evaluation.create_pipeline(variant)
        + pretraining.create_pipeline(variant)
        for variant in VARIANTS
    }
    return {"__default__": sum(variants.values(), Pipeline([])), **stages, **variants}
