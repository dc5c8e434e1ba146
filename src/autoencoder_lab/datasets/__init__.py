"""Kedro datasets that this project needs and kedro-datasets lacks."""

from .keras_model import KerasModelDataset
from .raw_images import RawImagesDataset

__all__ = ["KerasModelDataset", "RawImagesDataset"]
