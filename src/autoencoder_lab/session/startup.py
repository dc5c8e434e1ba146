"""Set before the large imports: garbage collection, environment variables, logging."""

import atexit
import gc
import io
import logging
import os
import sys
import tempfile
import warnings
from pathlib import Path

import yaml
from kedro.framework.project import configure_logging
from kedro.utils import find_kedro_project

FRAMEWORKS = ("kedro", "kedro_mlflow", "mlflow")

ENVIRONMENT = {
    # Before kedro-telemetry and MLflow look; MLflow takes no other value.
    "DO_NOT_TRACK": "true",
    # The summary says where the runs are; MLflow would for each run.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # A comparison reads a small file of each run; MLflow would show a bar for each.
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # Where there is no git program, code_state.py says so once; MLflow would for each run.
    "GIT_PYTHON_REFRESH": "quiet",
}
"""Variables, each of which holds unless the user has set it."""


def start_up() -> None:
    """Set all of it."""
    tune_gc()
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    name_a_home()
    print_what_can_be_shown()
    set_up_logging()


def tune_gc() -> None:
    """Let garbage in cycles wait longer, and what is left at the exit be.

    TensorFlow and MLflow are a million objects, all in use: with Python's defaults, a fifth of a
    short run is spent looking through them.
    """
    gc.set_threshold(100_000, 20, 100)
    atexit.register(gc.freeze)  # which leaves the interpreter's last look nothing to look through


def name_a_home() -> None:
    """Set HOME for a user whom the system does not know, as containers have them: MLflow asks."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = tempfile.gettempdir()


def print_what_can_be_shown() -> None:
    """Print a ? for a letter that the terminal's or file's encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def set_up_logging() -> None:
    """Apply `conf/logging.yml` from any folder of the project; Kedro finds it in the root only.

    Where there is none, as the configuration is an archive, the package's own link to it holds. A
    configuration that `KEDRO_LOGGING_CONFIG` names is left in place.
    """
    if "KEDRO_LOGGING_CONFIG" in os.environ:
        return
    project = find_kedro_project(Path.cwd()) or Path.cwd()
    files = (project / "conf" / "logging.yml", Path(__file__).with_name("logging.yml"))
    if file := next(filter(Path.exists, files), None):
        configure_logging(yaml.safe_load(file.read_text()))
    _let_warnings_pass()


def _let_warnings_pass() -> None:
    """Show what NumPy and scikit-learn say of the data; leave out what only frameworks can mend."""
    for package in FRAMEWORKS:
        warnings.filterwarnings("ignore", module=rf"{package}(\.|$)")
    warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font")  # figures/text.py says so
    logging.getLogger("py.warnings").setLevel(logging.WARNING)
