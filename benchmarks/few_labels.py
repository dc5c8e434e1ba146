"""What the parts of the pretraining comparison cost on MNIST.

    PYTHONPATH=src python -m benchmarks.few_labels [--runs 3]

Fits: 20 classifiers, 5 draws of 4 label budgets, on the stacked encoder; as the comparison has
them, and by Keras' `fit`, 50 steps a call. Labels that spread: from 10,000 to 60,000 images, on
pixels and on 30 principal components. Every measurement is a process of its own with one thread a
sum, as nodes have it. Writes `benchmarks/results/few_labels.md`.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from .processes import measure

HERE = Path(__file__).parent
BUDGETS = (100, 300, 1000, 3000)
N_DRAWS = 5
SIZES = (10_000, 20_000, 40_000, 60_000)
CODINGS = ("pixels", "30 components")


def load() -> tuple[np.ndarray, np.ndarray]:
    """Return MNIST's training images and labels."""
    from autoencoder_lab.images.arrays import as_images

    from .mnist import mnist

    raw = mnist()
    return as_images(raw.train_images), raw.train_labels


def fit_ours() -> dict[str, float]:
    """Return the seconds of 20 fits, compilation included, and without the first."""
    from autoencoder_lab.training.classifiers import ClassifierFits

    images, labels, encoder, params = _fits_inputs()
    start = encoder.get_weights()
    fits = ClassifierFits(encoder, params, n_classes=10)
    return _time_fits(
        lambda budget, draw: fits.fit(start, images, labels, n_labels=budget, seed=draw)
    )


def fit_keras() -> dict[str, float]:
    """Return the same of Keras' `fit`."""
    import keras

    images, labels, encoder, params = _fits_inputs()

    def fit(budget: int, draw: int) -> None:
        own = keras.models.clone_model(encoder)
        classifier = keras.Sequential([own, keras.layers.Dense(10, "softmax")])
        classifier.compile(
            keras.optimizers.Nadam(params.learning_rate),
            "sparse_categorical_crossentropy",
            steps_per_execution=50,
        )
        rng = np.random.default_rng(draw)
        chosen = rng.integers(budget, size=params.steps * params.batch_size)
        classifier.fit(images[chosen], labels[chosen], params.batch_size, shuffle=False, verbose=0)

    return _time_fits(fit)


def spread(codings: str, n_images: int) -> dict[str, float]:
    """Return the seconds of a graph and of spreading labels over it, and the memory they take."""
    from sklearn.decomposition import PCA

    from autoencoder_lab.metrics.spreading import LabelGraph
    from autoencoder_lab.session.threads import one_thread_a_sum

    from .memory import Memory

    images, labels = load()
    pixels = images[:n_images].reshape(n_images, -1)
    del images
    with one_thread_a_sum():
        given = pixels if codings == "pixels" else PCA(30, random_state=0).fit_transform(pixels)
        few = np.where(np.arange(n_images) < BUDGETS[0], labels[:n_images], -1)
        memory = Memory()
        memory.start()
        time.sleep(0.1)
        before = memory.most
        started = time.perf_counter()
        graph = LabelGraph.of(given)
        graph_seconds = time.perf_counter() - started
        started = time.perf_counter()
        graph.spread(few)
        spread_seconds = time.perf_counter() - started
    return {"graph": graph_seconds, "spread": spread_seconds, "mb": memory.most - before}


def _fits_inputs():  # type: ignore[no-untyped-def]
    from autoencoder_lab.models import build
    from autoencoder_lab.parameters import DenseParams, PretrainingParams

    images, labels = load()
    model = DenseParams(
        family="dense", widths=(100, 30), activation="selu", output_activation="sigmoid"
    )
    encoder = build(model, (28, 28, 1), seed=0).get_layer("encoder")
    params = PretrainingParams(
        label_budgets=BUDGETS,
        draws=N_DRAWS,
        steps=1500,
        batch_size=32,
        learning_rate=1e-3,
        pca_components=30,
    )
    return images[: BUDGETS[-1]].copy(), labels[: BUDGETS[-1]], encoder, params


def _time_fits(fit: Callable[[int, int], None]) -> dict[str, float]:
    seconds = []
    for draw in range(N_DRAWS):
        for budget in BUDGETS:
            started = time.perf_counter()
            fit(budget, draw)
            seconds.append(time.perf_counter() - started)
    return {"all": sum(seconds), "each": median(seconds[1:])}


def medians(n_runs: int, *arguments: str) -> dict[str, float]:
    """Return the medians of several."""
    runs = [measure("few_labels", "--measure", *arguments) for _ in range(n_runs)]
    return {key: median(run[key] for run in runs) for key in runs[0]}


def main(n_runs: int) -> str:
    """Measure, and return the tables."""
    keras, ours = medians(n_runs, "keras"), medians(n_runs, "ours")
    spreads = {(name, n): medians(n_runs, name, str(n)) for name in CODINGS for n in SIZES}
    return "\n".join(
        [
            f"Medians of {n_runs}. {os.cpu_count()} cores, Python {platform.python_version()}.",
            "",
            "| 20 classifiers on 784-100-30, 1,500 steps of 32 | seconds | each but the first |",
            "|---|---:|---:|",
            f"| Keras `fit`, 50 steps a call | {keras['all']:.1f} | {keras['each']:.2f} |",
            f"| ours, compiled once | {ours['all']:.1f} | {ours['each']:.2f} |",
            "",
            f"Ours takes {ours['all'] / keras['all']:.0%} of the time.",
            "",
            "| labels spread over | images | graph, s | each spread, s | MB beside the codings |",
            "|---|---:|---:|---:|---:|",
            *(
                f"| {name} | {n:,} | {it['graph']:.1f} | {it['spread']:.2f} | {it['mb']:.0f} |"
                for (name, n), it in spreads.items()
            ),
            "",
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3, help="of each measurement")
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    match options.measure:
        case None:
            tables = main(options.runs)
            print(tables)
            (HERE / "results" / "few_labels.md").write_text(tables)
        case ["ours"]:
            print(json.dumps(fit_ours()))
        case ["keras"]:
            print(json.dumps(fit_keras()))
        case [codings, n_images]:
            print(json.dumps(spread(codings, int(n_images))))
