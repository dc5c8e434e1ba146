"""Noise on the test images, the same for all variants."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
