"""What `mlflow models serve` and `mlflow.pyfunc` make of an autoencoder.

MLflow keeps this file beside the weights and runs it where nothing of this project is installed, so
it imports nothing of it; and nothing of it imports this file.
"""

import math
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel, PythonModelContext

TASKS = ("reconstruct", "denoise", "encode")
AT_ONCE = 1000


class RefusedRequest(MlflowException):
    """What is wrong with a request, in words that stay: MLflow's server would add the images."""

    def __init__(self, message: str) -> None:
        self._text = message
        super().__init__(message, INVALID_PARAMETER_VALUE)

    @property
    def message(self) -> str:
        return self._text

    @message.setter
    def message(self, with_images: str) -> None:
        pass


class ServedAutoencoder(PythonModel):
    """An autoencoder that does one of three things with images, as the parameter `task` says.

    `reconstruct`, by default, and `denoise`, the same for images with noise, return images;
    `encode` returns codings (n, latent_dim).
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Load the autoencoder, in safe mode."""
        file = context.artifacts["autoencoder"]
        self.autoencoder = keras.saving.load_model(file, safe_mode=True)

    # With a type, MLflow would want to infer the signature from it.
    def predict(  # type: ignore[no-untyped-def]
        self, context: PythonModelContext, model_input, params: dict[str, Any] | None = None
    ) -> npt.NDArray[np.float32]:
        """Return what the task makes of images (n, height, width, channels) in [0, 1].

        Numbers of any type are taken, as an array or in lists, and also no images at all.
        """
        task = (params or {}).get("task", TASKS[0])
        if task not in TASKS:
            raise RefusedRequest(f"task is {task!r}; allowed: {', '.join(TASKS)}")
        images = _as_images(model_input, self.autoencoder.input_shape[1:])
        model = self.autoencoder.get_layer("encoder") if task == "encode" else self.autoencoder
        if len(images) == 0:  # which Keras refuses
            return np.empty((0, *_shape_of_one(model, task)), np.float32)
        outputs: npt.NDArray[np.float32] = model.predict(images, AT_ONCE, verbose=0)
        return outputs.reshape(len(outputs), *_shape_of_one(model, task))


def _shape_of_one(model: keras.Model, task: str) -> tuple[int, ...]:
    """Return the shape of what is made of an image: codings are flat, also convolutional ones."""
    shape = model.output_shape[1:]
    return (math.prod(shape),) if task == "encode" else shape


def _as_images(given: Any, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return images of this shape; what is refused is described, never printed."""
    allowed = f"allowed: (n, {', '.join(map(str, shape))})"
    try:
        images = np.asarray(given, np.float32)
    except (TypeError, ValueError):
        raise RefusedRequest(
            f"images are not an array of numbers, but {type(given).__name__}; {allowed}"
        ) from None
    if images.shape == (0,):  # an empty list
        images = images.reshape(0, *shape)
    if images.shape[1:] != shape:
        raise RefusedRequest(f"images are of shape {images.shape}; {allowed}")
    low, high = np.min(images, initial=0), np.max(images, initial=0)
    if not (low >= 0 and high <= 1):
        raise RefusedRequest(f"images have values from {low:.9g} to {high:.9g}; allowed: 0 to 1")
    return images


set_model(ServedAutoencoder())
