"""What whole runs hold in memory as data grows, and how fast they fit.

    PYTHONPATH=src python -m benchmarks.large_data [--cases mnist 600k 3m photos]

MNIST, and it repeated with noise to 600,000 and 3 million images, in an archive; and a folder of
20,000 JPEGs of 128 x 128 in colour. In a project of its own for each: `ingest` for the first time,
which decodes; `ingest` again; and `stacked`, with 2 epochs and few labels. Memory is what a process
holds, but for files that are mapped into it, which the system takes back as it needs to. Writes
`benchmarks/results/large_data.md`.
"""

import argparse
import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from mlflow import MlflowClient
from PIL import Image

from .fit import N_IMAGES, fit_keras, images_file
from .mnist import mnist

HERE = Path(__file__).parent
PROJECT = HERE.parent
N_ROUNDS = 5
PARAMS = (
    "stacked.training.epochs=2,pretraining.steps=50,pretraining.label_budgets=100-1000,"
    "evaluation.tsne_images=500"
)


def repeated(n_images: int) -> Callable[[Path], None]:
    """Return what writes MNIST, with a noise of its own for each repetition, to a folder."""

    def write(folder: Path) -> None:
        raw = mnist()
        rng = np.random.default_rng(0)
        n_mnist = len(raw.train_images)
        images = np.lib.format.open_memmap(
            folder / "images.npy", "w+", np.uint8, (n_images, *raw.train_images.shape[1:])
        )
        for start in range(0, n_images, n_mnist):
            some = np.asarray(raw.train_images[: n_images - start])
            noise = rng.integers(0, 20 if start else 1, some.shape, np.uint8)
            images[start : start + len(some)] = np.maximum(some, noise)
        labels = np.resize(raw.train_labels, n_images)
        np.savez(folder / "images.npz", train_images=images, train_labels=labels)
        (folder / "images.npy").unlink()

    return write


def photos(folder: Path) -> None:
    """Write 20,000 smooth random images in colour, in folders of ten labels."""
    rng = np.random.default_rng(0)
    for number in range(20_000):
        place = folder / str(number % 10)
        place.mkdir(exist_ok=True)
        small = rng.integers(0, 256, (8, 8, 3), np.uint8)
        small[..., number % 3] //= 2
        image = Image.fromarray(small).resize((128, 128), Image.Resampling.BICUBIC)
        image.save(place / f"{number}.jpg", quality=85)


CASES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "mnist": ("60,000 of 28 x 28", repeated(60_000)),
    "600k": ("600,000 of 28 x 28", repeated(600_000)),
    "3m": ("3,000,000 of 28 x 28", repeated(3_000_000)),
    "photos": ("20,000 of 128 x 128 x 3", photos),
}


def run(project: Path, *arguments: str) -> tuple[float, float]:
    """Return the seconds that a run took, and the most memory that it held, in MB."""
    started = time.perf_counter()
    with (project / "log.txt").open("a") as log:
        process = subprocess.Popen(
            ["kedro", "run", *arguments], cwd=project, stdout=log, stderr=subprocess.STDOUT
        )
        most = 0.0
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            held = [int(line.split()[1]) for line in status if line.startswith("RssAnon")]
            most = max([most, *(kilobytes / 1000 for kilobytes in held)])
            time.sleep(0.05)
    if process.returncode:
        raise SystemExit((project / "log.txt").read_text()[-3000:])
    return time.perf_counter() - started, most


def measure(name: str) -> str:
    """Return a row of the table."""
    images, write = CASES[name]
    with tempfile.TemporaryDirectory() as parent:
        project = Path(parent)
        for part in ("conf", "src"):
            shutil.copytree(PROJECT / part, project / part)
        shutil.copy(PROJECT / "pyproject.toml", project)
        (project / "mlruns").mkdir()
        folder = project / "data" / "01_raw" / "large"
        folder.mkdir(parents=True)
        write(folder)
        decoding, of_decoding = run(project, "--pipelines=ingest", "--params=dataset=large")
        ingest, _ = run(project, "--pipelines=ingest", "--params=dataset=large")
        whole, held = run(project, "--pipelines=stacked", f"--params=dataset=large,{PARAMS}")
        client = MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
        [experiment] = client.search_experiments(filter_string="name = 'autoencoder_lab'")
        [fitted] = client.search_runs(
            [experiment.experiment_id], "metrics.`fit/images_per_second` > 0"
        )
        speed = fitted.data.metrics["fit/images_per_second"]
        on_disk = sum(file.stat().st_size for file in project.glob("data/02_intermediate/*/*/*"))
    row = (
        f"| {images} | {on_disk / 1e9:.2f} | {decoding:.0f} | {of_decoding:.0f} | {ingest:.0f} "
        f"| {whole:.0f} | {held:.0f} | {speed:,.0f} |"
    )
    print(row, flush=True)
    return row


def speeds() -> list[str]:
    """Return rows of what an epoch takes, in memory and mapped, in turn."""
    with images_file(N_IMAGES) as file:
        rounds = [
            {name: fit_keras(name, "stacked", file)["seconds"] for name in ("ours", "streamed")}
            for _ in range(N_ROUNDS)
        ]
    return [
        f"| {what} | {median(epochs):.3f} | {min(epochs):.3f} to {max(epochs):.3f} |"
        for name, what in (("ours", "floats in memory"), ("streamed", "bytes, mapped from a file"))
        for epochs in [[seconds for one in rounds for seconds in one[name]]]
    ]


def main(cases: list[str]) -> str:
    """Measure, and return the tables."""
    return "\n".join(
        [
            f"{os.cpu_count()} cores, Python {platform.python_version()}.",
            "",
            "| images | arrays, GB | first ingest, s | its memory, MB | ingest again, s "
            "| `stacked`, s | its memory, MB | images fitted a second |",
            "|---|---:|---:|---:|---:|---:|---:|---:|",
            *map(measure, cases),
            "",
            f"An epoch of `stacked` on {N_IMAGES:,} images of MNIST, in seconds:",
            "",
            "| images | median | spread |",
            "|---|---:|---|",
            *speeds(),
            "",
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    table = main(parser.parse_args().cases)
    (HERE / "results" / "large_data.md").write_text(table)
