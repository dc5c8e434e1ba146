"""Logging as `conf/logging.yml` says, from any folder of the project."""

import os
from pathlib import Path

import yaml
from kedro.framework.project import configure_logging


def set_up_logging(project: Path) -> None:
    """Apply the project's logging configuration, which Kedro finds in the project's root only.

    A configuration that `KEDRO_LOGGING_CONFIG` names is left in place.
    """
    if "KEDRO_LOGGING_CONFIG" not in os.environ:
        configure_logging(yaml.safe_load((project / "conf" / "logging.yml").read_text()))
