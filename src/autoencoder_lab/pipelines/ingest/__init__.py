"""From raw images to training, validation and test images."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
