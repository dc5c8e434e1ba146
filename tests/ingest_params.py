"""How tests read and split images, where they do not say otherwise."""

from typing import Any

from autoencoder_lab.parameters import IngestParams, ReadingParams

AS_THEY_ARE: dict[str, Any] = {
    **dict.fromkeys(("pattern", "height", "width", "channels", "brightest")),
    "label_level": 1,
    "fit": "pad",
    "background": "black",
}


def reading_params(**changes: object) -> ReadingParams:
    return ReadingParams(**AS_THEY_ARE | changes)


def ingest_params(
    *, validation_fraction: float, test_fraction: float, split_seed: int
) -> IngestParams:
    return IngestParams(
        **AS_THEY_ARE,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        split_seed=split_seed,
    )
