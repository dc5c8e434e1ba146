"""Kedro's settings: hooks and configuration loader.

https://docs.kedro.org/en/stable/configure/configuration_basics/
"""

import os

from autoencoder_lab.garbage import tune_gc
from autoencoder_lab.logging_setup import set_up_logging

tune_gc()  # before the large imports
# Before kedro-telemetry and MLflow look; MLflow takes no other value.
os.environ.setdefault("DO_NOT_TRACK", "true")
# The summary says where the runs are; MLflow would for each run.
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
# A comparison reads a small file of each run; MLflow would show a bar for each.
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# Where there is no git program, code_state.py says so once; MLflow would for each run.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
# Before MLflow, on import, warns.
set_up_logging()

from autoencoder_lab import cells, hooks, tracking, variants  # noqa: E402
from autoencoder_lab.config_loader import ConfigLoader  # noqa: E402
from autoencoder_lab.session import ExperimentSession  # noqa: E402

SESSION_CLASS = ExperimentSession

# kedro-mlflow's hook is replaced by `tracking`, which explains why.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow",)

_cells = cells.Cells()
_runs = tracking.RunTree()
_outputs = tracking.LogOutputs(_runs, _cells)
_champions = tracking.KeepChampions(_runs)
HOOKS = (
    hooks.CheckInput(),
    hooks.SetUpTensorflow(),
    hooks.AtomicWrites(),
    hooks.ShowFits(),
    cells.PlanCells(_cells),
    cells.KeepCells(_cells),
    cells.ShareResults(_cells),
    tracking.MlflowRuns(_runs, _cells),
    _outputs,
    tracking.LogNodes(_runs, _cells),
    tracking.LogLineage(_runs, _cells),
    tracking.LogFiles(_runs, _cells),
    tracking.LogMachine(_runs),
    tracking.DescribeRuns(_runs, _cells, _outputs),
    _champions,
    tracking.PrintSummary(_runs, _outputs, _champions),
)

CONFIG_LOADER_CLASS = ConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "config_patterns": {"mlflow": ["mlflow*"], "study": ["study*"]},
    # An environment changes single parameters, not the whole block that they are in.
    "merge_strategy": dict.fromkeys(("parameters", "globals", "mlflow", "study"), "soft"),
    "custom_resolvers": {
        "parameters": variants.configured,
        # Leaves out a folder that has no name, and the slash that may end one.
        "folders": lambda *names: "/".join(
            str(name).rstrip("/") for name in names if name is not None
        ),
    },
}
