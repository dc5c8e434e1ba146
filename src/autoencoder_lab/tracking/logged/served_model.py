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

TASKS = {
    "reconstruct": {"encoder", "decoder"},
    "denoise": {"encoder", "decoder"},
    "classify": {"encoder", "classifier"},
    "encode": {"encoder"},
    "decode": {"decoder"},
    "sample": {"decoder", "prior"},
}
"""What can be asked for, and which parts of a model it takes: the first is done by default."""

MOST_SAMPLES = 10_000

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
    """A model that does one of several things, as the parameter `task` says.

    `reconstruct`, by default, and `denoise`, the same for images with noise, return images;
    `classify` returns a probability of each class, in the order of the classes; `encode`, codings
    (n, latent_dim), and `decode` the images of such. `sample` draws `n` codings of the prior by a
    `seed`, and returns their images, whatever else it is given. What is done by default is the
    first of these that the model has the parts for.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Load the autoencoder, in safe mode."""
        file = context.artifacts["autoencoder"]
        self.autoencoder = keras.saving.load_model(file, safe_mode=True)
        parts = {layer.name for layer in self.autoencoder.layers}
        parts |= {"prior"} & context.artifacts.keys()
        self.tasks = [task for task, needed in TASKS.items() if needed <= parts]

    # With a type, MLflow would want to infer the signature from it.
    def predict(  # type: ignore[no-untyped-def]
        self, context: PythonModelContext, model_input, params: dict[str, Any] | None = None
    ) -> npt.NDArray[np.float32]:
        """Return what the task makes of images (n, height, width, channels) in [0, 1], or codings.

        Numbers of any type are taken, as an array or in lists, and also none at all.
        """
        task = (params or {}).get("task", self.tasks[0])
        if task not in self.tasks:
            raise RefusedRequest(f"task is {task!r}; allowed: {', '.join(self.tasks)}")
        model = self._model(task)
        if task == "sample":
            inputs = _draw(params or {}, model.input_shape[1:])
        elif task == "decode":
            inputs = _as_array("codings", model_input, (math.prod(model.input_shape[1:]),))
            inputs = inputs.reshape(len(inputs), *model.input_shape[1:])
        else:
            inputs = _as_images(model_input, model.input_shape[1:])
        if len(inputs) == 0:  # which Keras refuses
            return np.empty((0, *_shape_of_one(model, task)), np.float32)
        outputs: npt.NDArray[np.float32] = model.predict(inputs, AT_ONCE, verbose=0)
        return outputs.reshape(len(outputs), *_shape_of_one(model, task))

    def _model(self, task: str) -> keras.Model:
        match task:
            case "encode":
                return self.autoencoder.get_layer("encoder")
            case "decode" | "sample":
                return self.autoencoder.get_layer("decoder")
            case _:
                return self.autoencoder


def _draw(params: dict[str, Any], shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return codings of a standard normal distribution, the same for a seed."""
    n, seed = params.get("n", 1), params.get("seed", 0)
    if not 0 <= n <= MOST_SAMPLES:
        raise RefusedRequest(f"n is {n}; allowed: 0 to {MOST_SAMPLES}")
    if seed < 0:
        raise RefusedRequest(f"seed is {seed}; allowed: 0 or more")
    return np.random.default_rng(seed).standard_normal((n, *shape), np.float32)


def _shape_of_one(model: keras.Model, task: str) -> tuple[int, ...]:
    """Return the shape of what is made of an image: codings are flat, also convolutional ones."""
    shape = model.output_shape[1:]
    return (math.prod(shape),) if task == "encode" else shape


def _as_images(given: Any, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    images = _as_array("images", given, shape)
    low, high = np.min(images, initial=0), np.max(images, initial=0)
    if not (low >= 0 and high <= 1):
        raise RefusedRequest(f"images have values from {low:.9g} to {high:.9g}; allowed: 0 to 1")
    return images


def _as_array(what: str, given: Any, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return images or codings of this shape; what is refused is described, never printed."""
    allowed = f"allowed: (n, {', '.join(map(str, shape))})"
    try:
        array = np.asarray(given, np.float32)
    except (TypeError, ValueError):
        raise RefusedRequest(
            f"{what} are not an array of numbers, but {type(given).__name__}; {allowed}"
        ) from None
    if array.shape == (0,):  # an empty list
        array = array.reshape(0, *shape)
    if array.shape[1:] != shape:
        raise RefusedRequest(f"{what} are of shape {array.shape}; {allowed}")
    return array


set_model(ServedAutoencoder())
