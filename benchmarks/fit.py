"""How long an epoch takes: ours, the brief's code, and what else a user would pick.

    PYTHONPATH=src python -m benchmarks.fit [--runs 3] [--torch PYTHON]

Every fit is a process of its own; in each round, all contenders take their turn. PYTHON is the
interpreter of an environment with `pip install torch==2.13.0 numpy`; without it, PyTorch is left
out. Writes `benchmarks/results/fit.md` and `fit.png`.
"""

import argparse
import os
import platform
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .processes import measure, start

HERE = Path(__file__).parent
N_IMAGES = 55_000
SIZES = (7_500, 60_000, 240_000, 960_000)
VARIANTS = ("stacked", "convolutional")
KERAS = ("brief", "steps_per_execution", "ours")
NAMES = {
    "brief": "Keras `fit`, as in the brief",
    "steps_per_execution": "Keras `fit`, 64 steps a call",
    "pytorch": "PyTorch, a loop",
    "ours": "ours",
}
STACKED_LAYERS = [(784, 100), (100, 30), (30, 100), (100, 784)]
BYTES_AN_IMAGE = 28 * 28
BATCH_SIZE = 32


def fit_keras(contender: str, variant: str, file: Path, *, n_epochs: int = 4) -> dict[str, Any]:
    """Return what a fit with Keras says of itself."""
    return measure("fit_keras", contender, variant, str(file), str(n_epochs))


@contextmanager
def images_file(n_images: int) -> Iterator[Path]:
    """Yield a file of so many images."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "images.npy"
        start("fit_keras", "images", str(file), str(n_images))
        yield file


def grow(n_images: int) -> dict[str, Any]:
    """Return how our fit goes on so many images, which are not in memory."""
    with images_file(n_images) as file:
        return fit_keras("streamed", "stacked", file)


def compare(n_runs: int, torch: str | None) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the fits of each variant by each contender."""
    fits = defaultdict(list)
    with images_file(N_IMAGES) as file:
        for _ in range(n_runs):
            for variant in VARIANTS:
                for contender in KERAS:
                    fits[variant, contender].append(fit_keras(contender, variant, file))
                if torch:
                    fit = measure("fit_pytorch", variant, str(file), python=torch)
                    fits[variant, "pytorch"].append(fit)
    return dict(fits)


def sgemm_seconds() -> float:
    """Return the time of the matrix products alone, in one thread.

    They are three a layer and step, but for the first layer, whose inputs need no gradient.
    """
    rng = np.random.default_rng(0)
    products = []
    for n_in, n_out in STACKED_LAYERS:
        inputs, kernel, outputs = (
            rng.random(shape, dtype=np.float32)
            for shape in ((BATCH_SIZE, n_in), (n_in, n_out), (BATCH_SIZE, n_out))
        )
        products += [(outputs, kernel.T), (inputs, kernel), (inputs.T, outputs)]
    del products[0]
    started = time.perf_counter()
    for _ in range(N_IMAGES // BATCH_SIZE):
        for left, right in products:
            left @ right
    return time.perf_counter() - started


def as_rows(fits: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]], variant: str) -> list[str]:
    """Return a line of the table for each contender."""
    seconds = {
        contender: [second for one in fits[variant, contender] for second in one["seconds"]]
        for contender in NAMES
        if (variant, contender) in fits
    }
    ours = median(seconds["ours"])
    return [
        f"| {variant} | {NAMES[contender]} | {median(times):.2f} | {min(times):.2f} to "
        f"{max(times):.2f} | {median(times) / ours:.1f} "
        f"| {median(one['loss'] for one in fits[variant, contender]):.4f} "
        f"| {median(one['megabytes'] for one in fits[variant, contender]):.0f} |"
        for contender, times in seconds.items()
    ]


def draw(growth: Mapping[int, Mapping[str, Any]], file: Path) -> None:
    """Draw time and memory against the number of images."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    sizes = list(growth)
    left.loglog(sizes, [median(growth[size]["seconds"]) for size in sizes], "o-", color="#0072B2")
    left.set(title="An epoch of stacked", xlabel="images", ylabel="seconds")
    right.loglog(sizes, [growth[size]["megabytes"] for size in sizes], "o-", color="#D55E00")
    right.set(title="Most memory held", xlabel="images", ylabel="MB")
    for axes in (left, right):
        axes.grid(which="both", alpha=0.3)
    figure.savefig(file)


def main(n_runs: int, torch: str | None) -> str:
    """Measure, draw, and return the tables."""
    fits = compare(n_runs, torch)
    growth = {size: grow(size) for size in SIZES}
    draw(growth, HERE / "results" / "fit.png")
    lines = [
        f"Seconds an epoch of {N_IMAGES} MNIST images in batches of {BATCH_SIZE}, the first epoch "
        f"left out; processes of each kind, in turn: {n_runs}. {os.cpu_count()} cores, Python "
        f"{platform.python_version()}.",
        "",
        "| variant | fit | median | spread | times ours | loss | MB |",
        "|---|---|---:|---|---:|---:|---:|",
        *(row for variant in VARIANTS for row in as_rows(fits, variant)),
        "",
        f"The matrix products of `stacked` alone, by NumPy in one thread: {sgemm_seconds():.2f} s.",
        *([] if torch else ["", "PyTorch was left out: there was no `--torch`."]),
        "",
        "Ours on `stacked`, with images that are mapped from a file and streamed in chunks:",
        "",
        "| images | of MB | seconds an epoch | MB held |",
        "|---:|---:|---:|---:|",
        *(
            f"| {size} | {size * BYTES_AN_IMAGE / 1e6:.0f} | {median(one['seconds']):.2f} "
            f"| {one['megabytes']:.0f} |"
            for size, one in growth.items()
        ),
        "",
        "![time and memory](fit.png)",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3, help="processes of each kind")
    parser.add_argument("--torch", help="the Python of an environment with PyTorch")
    arguments = parser.parse_args()
    tables = main(arguments.runs, arguments.torch)
    print(tables)
    (HERE / "results" / "fit.md").write_text(tables)
