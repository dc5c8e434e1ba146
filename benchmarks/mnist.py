"""MNIST, for benchmarks that time other things than reading it."""

from pathlib import Path

from autoencoder_lab.arrays import RawImages
from autoencoder_lab.datasets import RawImagesDataset

DATA = Path(__file__).parents[1] / "data"
AS_THEY_ARE = {
    **dict.fromkeys(("pattern", "height", "width", "channels")),
    "label_level": 1,
    "fit": "pad",
    "background": "black",
}


def mnist() -> RawImages:
    """Return the committed MNIST, from this project's arrays of it."""
    return RawImagesDataset(
        filepath=str(DATA / "01_raw" / "mnist"),
        path=str(DATA / "02_intermediate"),
        reading=AS_THEY_ARE,
    ).load()
