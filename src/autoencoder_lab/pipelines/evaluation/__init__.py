"""What a trained variant reconstructs, removes and encodes."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
