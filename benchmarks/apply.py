"""`kedro apply` on a folder of 20,000 images, against a loop with Keras' `predict` by hand.

    PYTHONPATH=src python -m benchmarks.apply RUN_ID [--runs 3]

The run is of a variant on MNIST. Both are whole processes, in turn: they decode PNG files, and
write codings and errors as Parquet. Writes `benchmarks/results/apply.md`.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import mlflow
from PIL import Image

from .mnist import mnist
from .processes import PROJECT

N_IMAGES = 20_000

BY_HAND = """
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from PIL import Image

model, folder, out = sys.argv[1:]
autoencoder = keras.saving.load_model(model)
encoder, decoder = autoencoder.get_layer("encoder"), autoencoder.get_layer("decoder")
files, rows = sorted(Path(folder).rglob("*.png")), []
for start in range(0, len(files), 32):
    batch = files[start : start + 32]
    images = np.stack([np.asarray(Image.open(file), np.float32)[..., None] / 255 for file in batch])
    codings = encoder.predict(images, verbose=0)
    errors = np.square(decoder.predict(codings, verbose=0) - images).mean(axis=(1, 2, 3))
    rows += zip(map(str, batch), errors, codings, strict=True)
pd.DataFrame(rows, columns=["image", "squared_error", "coding"]).to_parquet(out)
"""


def write_images(folder: Path) -> None:
    """Write images of MNIST as PNG files."""
    for number, image in enumerate(mnist().train_images[:N_IMAGES]):
        file = folder / f"{number // 1000:02}" / f"{number:05}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(file)


def find_model(run_id: str) -> Path:
    """Return the weights' file of a run's model in this project's store."""
    client = mlflow.MlflowClient(f"sqlite:///{PROJECT}/mlruns/mlflow.db")
    outputs = client.get_run(run_id).outputs
    assert outputs is not None
    model_id = outputs.model_outputs[-1].model_id
    [file] = (PROJECT / "mlruns/artifacts/models" / model_id).rglob("model.keras")
    return file


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run_id")
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_images(folder / "images")
        times: dict[str, list[float]] = {"kedro apply": [], "a loop by hand": []}
        for number in range(options.runs):
            commands = {
                "kedro apply": ["kedro", "apply", options.run_id, folder / "images", "--to"],
                "a loop by hand": ["-c", BY_HAND, find_model(options.run_id), folder / "images"],
            }
            for name, command in commands.items():
                python = [sys.executable] if name != "kedro apply" else [sys.executable, "-m"]
                started = time.perf_counter()
                subprocess.run(
                    [*python, *map(str, command), str(folder / f"{name} {number}")],
                    cwd=PROJECT,
                    capture_output=True,
                    check=True,
                )
                times[name].append(time.perf_counter() - started)
                print(name, round(times[name][-1], 1), flush=True)
    rows = [
        f"| {name} | {median(seconds):.1f} | {N_IMAGES / median(seconds):,.0f} |"
        for name, seconds in times.items()
    ]
    head = ["| | seconds | images a second |", "|---|---:|---:|"]
    about = (
        f"{N_IMAGES:,} images of MNIST as PNG files to codings and errors, whole processes; "
        f"medians of {options.runs} runs each. By hand, `predict` is called for every 32 images, "
        "of the encoder and of the decoder."
    )
    text = "\n".join([about, "", *head, *rows, ""])
    (PROJECT / "benchmarks/results/apply.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
