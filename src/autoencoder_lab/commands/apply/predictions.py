"""What a model makes of images: a column of the table for each kind."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from sklearn.neighbors import NearestNeighbors

from autoencoder_lab.images.arrays import Autoencoder, Codings, Errors, Images
from autoencoder_lab.images.sources import DecodedCodings, encode
from autoencoder_lab.metrics.reconstruction import image_errors

from .trained import TrainedModel
from .training_data import TrainingData


@dataclass(frozen=True)
class Made:
    """What is made of images (n, height, width, channels).

    Attributes:
        columns: Of the table, n values each.
        reconstructions: Of the images' shape; None where the model has no decoder.
        errors: (n,), of the reconstructions.
    """

    columns: dict[str, pa.Array]
    reconstructions: Images | None
    errors: Errors | None


@dataclass(frozen=True)
class Neighbours:
    """The training images whose codings are nearest to others.

    Attributes:
        names, classes: Of each training image; it may be of no class.
    """

    index: NearestNeighbors
    names: Sequence[str]
    classes: Sequence[str | None]

    @classmethod
    def of(cls, encoder: Autoencoder, data: TrainingData, n: int) -> "Neighbours":
        """Return what finds so many of them by their Euclidean distance."""
        codings = encode(encoder, data.images["train"])
        index = NearestNeighbors(n_neighbors=min(n, len(codings))).fit(codings)
        return cls(index, data.names("train"), data.class_of_each("train"))

    def columns(self, codings: Codings) -> dict[str, pa.Array]:
        """Return lists, nearest first: names, distances and classes."""
        distances, places = self.index.kneighbors(codings)
        names = [[self.names[place] for place in row] for row in places]
        classes = [[self.classes[place] for place in row] for row in places]
        return {
            "nearest": pa.array(names, pa.list_(pa.string())),
            "nearest_distance": pa.array(distances.tolist(), pa.list_(pa.float32())),
            "nearest_class": pa.array(classes, pa.list_(pa.string())),
        }


def apply_model(model: TrainedModel, images: Images, neighbours: Neighbours | None) -> Made:
    """Return what a model, and its training images, have to say of images.

    The squared error of the reconstruction, averaged over pixels, is a score of anomaly: high
    where an image is unlike those that the model was trained on.
    """
    autoencoder = model.autoencoder
    codings = encode(autoencoder.get_layer("encoder"), images)
    columns, reconstructions, errors = {}, None, None
    if "decoder" in model.parts:
        reconstructions = DecodedCodings(codings, autoencoder.get_layer("decoder"))[:]
        errors = image_errors(images, reconstructions)
        columns["squared_error"] = pa.array(errors, pa.float64())
    if "classifier" in model.parts:
        probabilities = autoencoder.predict_on_batch(images)
        predicted = probabilities.argmax(axis=1)
        names = [model.class_names[number] for number in predicted]
        columns["predicted_class"] = pa.array(names, pa.string())
        columns["probability"] = pa.array(probabilities.max(axis=1), pa.float32())
    columns["coding"] = pa.FixedSizeListArray.from_arrays(
        np.ascontiguousarray(codings).reshape(-1), codings.shape[1]
    )
    if neighbours is not None:
        columns |= neighbours.columns(codings)
    return Made(columns, reconstructions, errors)
