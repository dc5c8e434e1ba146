"""MNIST, for benchmarks that time other things than reading it."""

from pathlib import Path

import yaml

from autoencoder_lab.datasets import RawImagesDataset
from autoencoder_lab.images.arrays import RawImages

PROJECT = Path(__file__).parents[1]
DATA = PROJECT / "data"


def mnist() -> RawImages:
    """Return the committed MNIST, from this project's arrays of it."""
    parameters = yaml.safe_load((PROJECT / "conf/base/parameters.yml").read_text())
    return RawImagesDataset(
        filepath=str(DATA / "01_raw" / "mnist"),
        path=str(DATA / "02_intermediate"),
        reading=parameters["ingest"],
    ).load()
