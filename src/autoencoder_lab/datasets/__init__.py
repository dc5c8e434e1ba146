"""Kedro datasets that this project needs and kedro-datasets lacks."""

from .raw_images import RawImagesDataset

__all__ = ["RawImagesDataset"]
