"""What few labels give a network that is fitted on labels which have spread."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
