"""One fit with Keras, in a process of its own: `fit_keras CONTENDER VARIANT FILE EPOCHS`.

Contenders are `brief` (the brief's code), `steps_per_execution` (the same, 64 steps a call),
`ours`, on floats in memory, and `streamed` (ours, on the bytes of the file, mapped). Prints as
JSON the seconds of each epoch but the first, which compiles, and of the whole fit, the last loss
and the most memory that was held.

`fit_keras images FILE N_IMAGES` makes the file, of MNIST's images or repetitions of them.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
PROJECT = Path(__file__).parents[1]

import keras  # noqa: E402
import numpy as np  # noqa: E402
import yaml  # noqa: E402

from autoencoder_lab import models  # noqa: E402
from autoencoder_lab.images.arrays import as_images  # noqa: E402
from autoencoder_lab.images.sources import StoredImages  # noqa: E402
from autoencoder_lab.parameters import VariantParams  # noqa: E402
from autoencoder_lab.training import joint  # noqa: E402
from autoencoder_lab.training.phases import Phase  # noqa: E402

from .memory import Memory  # noqa: E402
from .mnist import mnist  # noqa: E402

N_VALIDATION = 1000


class Clock(keras.callbacks.Callback):
    """Writes down how long each epoch takes, validation aside."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._started = time.perf_counter()

    def on_test_begin(self, logs: object = None) -> None:
        self.seconds.append(time.perf_counter() - self._started)


def save_images(file: str, n_images: int) -> None:
    """Save MNIST's images, repeated or cut to a number."""
    found = mnist().train_images
    saved = np.lib.format.open_memmap(file, "w+", np.uint8, (n_images, *found.shape[1:]))
    for start in range(0, n_images, len(found)):
        saved[start : start + len(found)] = found[: n_images - start]
    saved.flush()


def main(contender: str, variant: str, images_file: str, n_epochs: int) -> dict[str, object]:
    """Return what a fit took, and where it came to."""
    memory = Memory()
    memory.start()
    file = PROJECT / "conf/base/parameters" / f"{variant}.yml"
    params = VariantParams.model_validate(yaml.safe_load(file.read_text())[variant])
    pixels = np.load(images_file, mmap_mode="r" if contender == "streamed" else None)
    if contender == "streamed":
        images = StoredImages(pixels, np.arange(len(pixels)))
    else:
        images = as_images(pixels)
        del pixels
    validation_images = images[:N_VALIDATION]
    autoencoder = models.build(params.model, images.shape[1:], seed=0)
    clock = Clock()
    started = time.perf_counter()
    if contender in ("ours", "streamed"):
        game = joint.game(*autoencoder.layers, params.training)
        phase = Phase("joint", game, images, validation_images, params.training)
        fitted = phase.fit(
            phase.trainer(), seed=0, n_before=0, n_epochs=n_epochs, callbacks=[clock]
        )
    else:
        autoencoder.compile(
            keras.optimizers.SGD(params.training.learning_rate),
            params.training.loss,
            steps_per_execution=64 if contender == "steps_per_execution" else 1,
        )
        fitted = autoencoder.fit(
            images,
            images,
            batch_size=params.training.batch_size,
            epochs=n_epochs,
            validation_data=(validation_images, validation_images),
            callbacks=[clock],
            verbose=0,
        )
    return {
        "seconds": clock.seconds[1:],
        "fit_seconds": time.perf_counter() - started,
        "loss": fitted.history["val_loss"][-1],
        "megabytes": memory.most,
    }


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "images":
        file, n_images = rest
        save_images(file, int(n_images))
    else:
        variant, file, n_epochs = rest
        print(json.dumps(main(what, variant, file, int(n_epochs))))
