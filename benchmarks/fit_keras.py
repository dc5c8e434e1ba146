"""One fit with Keras, in a process of its own: `python fit_keras.py CONTENDER VARIANT N_IMAGES`.

Contenders are `brief` (the brief's code), `steps_per_execution` (the same, 64 steps a call) and
`ours`. Prints the seconds of each epoch, the last loss and the most memory that was held, as JSON.
`python fit_keras.py images FILE N_IMAGES` saves the images, for other libraries.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_NUM_INTRAOP_THREADS": "1"}
PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "src"))

import keras  # noqa: E402
import numpy as np  # noqa: E402
import yaml  # noqa: E402

from autoencoder_lab import models  # noqa: E402
from autoencoder_lab.arrays import as_images  # noqa: E402
from autoencoder_lab.datasets import RawImagesDataset  # noqa: E402
from autoencoder_lab.parameters import VariantParams  # noqa: E402
from autoencoder_lab.training import autoencoders  # noqa: E402
from autoencoder_lab.training.engine import epochs, validation  # noqa: E402

N_EPOCHS = 4  # the first compiles
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


def images_of(n_images: int) -> np.ndarray:
    """Return MNIST's images, repeated or cut to a number."""
    raw = RawImagesDataset(filepath=PROJECT / "data/01_raw/mnist", downloads={}).load()
    found = as_images(raw.train_images)
    return np.resize(found, (n_images, *found.shape[1:]))


def main(contender: str, variant: str, n_images: int) -> dict[str, object]:
    """Return what a fit took, and where it came to."""
    file = PROJECT / "conf/base/parameters" / f"{variant}.yml"
    params = VariantParams.model_validate(yaml.safe_load(file.read_text())[variant])
    images = images_of(n_images)
    validation_images = images[:N_VALIDATION]
    autoencoder = models.build(params.model, images.shape[1:], seed=0)
    clock = Clock()
    if contender == "ours":
        phase = autoencoders.Phase(
            "joint", *autoencoder.layers, images, validation_images, params.training
        )
        fitted = phase.trainer().fit(
            epochs(images, batch_size=params.training.batch_size, seed=0),
            steps_per_epoch=1,
            shuffle=False,
            epochs=N_EPOCHS,
            validation_data=validation(validation_images, seed=0),
            callbacks=[clock],
            verbose=0,
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
            epochs=N_EPOCHS,
            validation_data=(validation_images, validation_images),
            callbacks=[clock],
            verbose=0,
        )
    return {
        "seconds": clock.seconds[1:],
        "loss": fitted.history["val_loss"][-1],
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    contender, variant, n_images = sys.argv[1:]
    if contender == "images":
        np.save(variant, images_of(int(n_images)))
    else:
        print(json.dumps(main(contender, variant, int(n_images))))
