"""A whole tracked experiment against the bare fit of the same model, as the brief writes it.

    PYTHONPATH=src python -m benchmarks.end_to_end [--runs 3]

The experiment is `kedro run --pipelines=stacked` on MNIST, as a process: start, ingest, training,
evaluation, the pretraining comparison, figures, MLflow; once with nothing there that variants
share, and once with all of it. The bare fit is Keras' `fit` alone, of 10 epochs, without the start
of its process. In turn, after one warm-up. Writes `benchmarks/results/end_to_end.md`.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import time
from pathlib import Path
from statistics import median

from mlflow import MlflowClient

from .fit import N_IMAGES, fit_keras, images_file

HERE = Path(__file__).parent
COMMAND = "kedro run --pipelines=stacked"
N_EPOCHS = 10
STORE = f"sqlite:///{HERE.parent}/mlruns/mlflow.db"
RUN = re.compile(r"Run +(\w{32})  stacked")


def forget_what_is_shared() -> None:
    """Remove what variants share, so that the next run makes it."""
    for folder in (HERE.parent / "data").glob("0[2-8]_*/mnist/shared"):
        shutil.rmtree(folder)


def experiment() -> tuple[float, dict[str, float]]:
    """Return how many seconds a whole run takes, and each of its nodes."""
    started = time.perf_counter()
    process = subprocess.Popen(
        COMMAND.split(),
        cwd=HERE.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    printed, _ = process.communicate()
    seconds = time.perf_counter() - started
    found = RUN.search(printed)
    if process.returncode or not found:
        raise SystemExit(f"{COMMAND} failed")
    metrics = MlflowClient(STORE).get_run(found[1]).data.metrics
    nodes = {key.split("/")[1]: metrics[key] for key in metrics if key.startswith("node/")}
    return seconds, nodes


def main(n_runs: int) -> str:
    """Measure, and return the tables."""
    fresh, others, fits = [], [], []
    with images_file(N_IMAGES) as file:
        for _ in range(n_runs + 1):
            forget_what_is_shared()
            fresh.append(experiment())
            others.append(experiment())
            print(fresh[-1][0], others[-1][0], flush=True)
            fits.append(fit_keras("brief", "stacked", file, n_epochs=N_EPOCHS)["fit_seconds"])
    bares = fits[1:]
    measured = {
        f"`{COMMAND}` from nothing": [seconds for seconds, _ in fresh[1:]],
        f"`{COMMAND}` where what variants share is there": [seconds for seconds, _ in others[1:]],
        f"Keras `fit` alone, {N_EPOCHS} epochs": bares,
    }
    nodes, nodes_of_others = fresh[-1][1], others[-1][1]
    return "\n".join(
        [
            f"Seconds, {n_runs} rounds. {os.cpu_count()} cores, Python "
            f"{platform.python_version()}.",
            "",
            "| what | median | spread | times the bare fit |",
            "|---|---:|---|---:|",
            *(
                f"| {name} | {median(seconds):.1f} | {min(seconds):.1f} to {max(seconds):.1f} "
                f"| {median(seconds) / median(bares):.2f} |"
                for name, seconds in measured.items()
            ),
            "",
            "What the nodes of the last runs took; two run at once, where they can:",
            "",
            "| node | from nothing | with what is shared |",
            "|---|---:|---:|",
            *(
                f"| {name} | {seconds:.1f} | {nodes_of_others[name]:.1f} |"
                for name, seconds in sorted(nodes.items(), key=lambda node: -node[1])
                if seconds >= 0.1
            ),
            f"| all | {sum(nodes.values()):.1f} | {sum(nodes_of_others.values()):.1f} |",
            "",
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3, help="rounds, after the first")
    tables = main(parser.parse_args().runs)
    print(tables)
    (HERE / "results" / "end_to_end.md").write_text(tables)
