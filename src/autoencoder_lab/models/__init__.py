"""The families of autoencoders: what each is. Nothing here knows Kedro or MLflow."""

from autoencoder_lab.models.dense import build

__all__ = ["build"]
