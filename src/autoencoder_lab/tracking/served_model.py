"""What `mlflow models serve` and `mlflow.pyfunc` make of an autoencoder.

MLflow keeps this file beside the weights and runs it where nothing of this project is installed, so
it imports nothing of it; and nothing of it imports this file.
"""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

TASKS = ("reconstruct", "denoise", "encode")
AT_ONCE = 1000


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
        """Return what the task makes of images (n, height, width, channels) in [0, 1]."""
        task = (params or {}).get("task", TASKS[0])
        if task not in TASKS:
            raise MlflowException.invalid_parameter_value(
                f"task is {task!r}; allowed: {', '.join(TASKS)}"
            )
        low, high = np.min(model_input, initial=0), np.max(model_input, initial=0)
        if not (low >= 0 and high <= 1):
            raise MlflowException.invalid_parameter_value(
                f"images have values from {low:.9g} to {high:.9g}; allowed: 0 to 1"
            )
        model = self.autoencoder.get_layer("encoder") if task == "encode" else self.autoencoder
        outputs: npt.NDArray[np.float32] = model.predict(model_input, AT_ONCE, verbose=0)
        return outputs.reshape(len(outputs), -1) if task == "encode" else outputs


set_model(ServedAutoencoder())
