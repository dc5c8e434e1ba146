"""What `kedro mlflow ui` serves."""

import click
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl

from .config import embedded_store, read_config
from .opening import set_up


class MakeStoreForPages:
    """Makes an embedded store before its pages are opened.

    MLflow's server would, but not in one piece: a run that starts then could not open it.
    """

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        command = click.get_current_context(silent=True)
        if command is None or command.info_name != "ui":
            return
        config = read_config(context)
        if embedded_store(config) is not None:
            set_up(config, context)
