"""The filters of an encoder's first layer."""

import keras
import numpy as np
import numpy.typing as npt


def first_layer_filters(encoder: keras.Model) -> npt.NDArray[np.float32]:
    """Return the first layer's kernel, as (units, height, width, channels).

    Of a dense layer, a filter is as large as an image; of a convolution, as its window.
    """
    first = next(layer for layer in encoder.layers if hasattr(layer, "kernel"))
    kernel: npt.NDArray[np.float32] = keras.ops.convert_to_numpy(first.kernel)
    if kernel.ndim == 2:
        return kernel.T.reshape(-1, *encoder.input_shape[1:])
    return kernel.transpose(3, 0, 1, 2)
