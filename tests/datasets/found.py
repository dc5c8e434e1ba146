"""What readers find, as arrays in memory."""

from collections.abc import Mapping

import numpy as np

from autoencoder_lab.datasets.blocks import Blocks, FoundArray
from autoencoder_lab.datasets.found_arrays import Found


def as_arrays(found: Found) -> dict[str, FoundArray]:
    """Return all arrays by split and kind, as `train_images`."""
    images = {f"{split}_images": blocks.whole() for split, blocks in found.images.items()}
    return images | {f"{split}_labels": labels for split, labels in found.labels.items()}


def as_found(arrays: Mapping[str, FoundArray]) -> Found:
    """Return what a reader would have found, its images in blocks of 4."""
    return Found(
        images={
            name.removesuffix("_images"): in_blocks(array)
            for name, array in arrays.items()
            if name.endswith("_images")
        },
        labels={
            name.removesuffix("_labels"): array
            for name, array in arrays.items()
            if name.endswith("_labels")
        },
        class_names=arrays.get("class_names", np.array([])).tolist(),
    )


def in_blocks(array: FoundArray) -> Blocks:
    return Blocks(
        array.shape,
        array.dtype,
        lambda: (array[start : start + 4] for start in range(0, len(array), 4)),
    )
