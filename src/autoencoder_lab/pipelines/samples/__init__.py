"""Images that a trained variant makes of codings that are drawn."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
