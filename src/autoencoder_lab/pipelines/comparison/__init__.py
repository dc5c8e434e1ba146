"""How the variants of a data set compare, from their runs."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
