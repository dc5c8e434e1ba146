"""Kedro datasets that this project needs and kedro-datasets lacks."""

from .arrays_file import ArraysDataset
from .keras_model import KerasModelDataset
from .label_draws import LabelDrawsDataset
from .raw_images import RawImagesDataset

__all__ = ["ArraysDataset", "KerasModelDataset", "LabelDrawsDataset", "RawImagesDataset"]
