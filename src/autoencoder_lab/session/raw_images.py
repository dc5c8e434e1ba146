"""The images of a data set, for commands that run no pipeline."""

from typing import Any

from kedro.io import CatalogProtocol, DatasetError

from autoencoder_lab.failures import BadInput, root_cause
from autoencoder_lab.images.arrays import RawImages


def load_raw_images(catalog: CatalogProtocol[Any, Any]) -> RawImages:
    """Return the images of a catalog's data set.

    Raises:
        BadInput: There are none, or they cannot be read.
    """
    try:
        raw_images: RawImages = catalog.load("raw_images")
    except DatasetError as error:
        raise BadInput(str(root_cause(error))) from error
    return raw_images
