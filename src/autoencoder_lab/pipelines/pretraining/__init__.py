"""What an encoder trained without labels gives a classifier with few."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
