"""Logging as `conf/logging.yml` says, from any folder of the project, and which warnings it has."""

import logging
import os
import warnings
from pathlib import Path

import yaml
from kedro.framework.project import configure_logging
from kedro.utils import find_kedro_project

FRAMEWORKS = ("kedro", "kedro_mlflow", "mlflow")


def set_up_logging() -> None:
    """Apply the project's logging configuration, which Kedro finds in the project's root only.

    A configuration that `KEDRO_LOGGING_CONFIG` names is left in place.
    """
    if "KEDRO_LOGGING_CONFIG" in os.environ:
        return
    project = find_kedro_project(Path.cwd()) or Path.cwd()
    file = project / "conf" / "logging.yml"
    if file.exists():  # the configuration may be an archive elsewhere
        configure_logging(yaml.safe_load(file.read_text()))
    _let_warnings_pass()


def _let_warnings_pass() -> None:
    """Show what NumPy and scikit-learn say of the data; leave out what only frameworks can mend."""
    for package in FRAMEWORKS:
        warnings.filterwarnings("ignore", module=rf"{package}(\.|$)")
    warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font")  # figures/text.py says so
    logging.getLogger("py.warnings").setLevel(logging.WARNING)
