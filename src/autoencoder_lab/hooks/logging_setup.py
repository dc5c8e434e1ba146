"""Logging as `conf/logging.yml` says, from any folder of the project."""

import os

import yaml
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.framework.project import configure_logging


class SetUpLogging:
    """Applies the project's logging configuration, which Kedro finds in the project's root only."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        if "KEDRO_LOGGING_CONFIG" in os.environ:
            return  # Kedro has applied that one
        configuration = context.project_path / "conf" / "logging.yml"
        configure_logging(yaml.safe_load(configuration.read_text()))
